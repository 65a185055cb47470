# The board in a container: the release in younger/ with its sealed answers.
#
#   docker build -t younger-hf-board .
#   docker run -p 8501:8501 -e YOUNGER_ANSWERS_KEY=... -v board:/srv/board younger-hf-board
#
# Without the key the board cannot score on hidden answers. This file has not been built by CI.
FROM python:3.11-slim

RUN useradd --create-home younger && mkdir -p /srv/board && chown younger /srv/board
WORKDIR /srv/younger-hf

COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY younger_hf younger_hf
COPY leaderboard leaderboard
COPY loading_script loading_script
COPY younger younger
RUN pip install --no-cache-dir -c constraints.txt -e '.[leaderboard,metrics]'

USER younger
VOLUME /srv/board
EXPOSE 8501
CMD ["younger-hf", "leaderboard", "--data", "younger", "--answers", "leaderboard/answers", "--board", "/srv/board", "--host", "0.0.0.0", "--port", "8501"]
