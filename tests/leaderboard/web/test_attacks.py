"""Attacks on a running board: library, command line and board give the same answers."""

from __future__ import annotations

import io
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest

from leaderboard.refusal import RefusalError, problem_json
from leaderboard.store.store import Store
from leaderboard.web.accept import accept
from tests.leaderboard.conftest import UPLOAD_LIMIT, Server, start_server, stop_server
from tests.leaderboard.files import Dataset, open_test_board, write_submission
from tests.submission.attacks import ATTACKS, NUMBERS, Attack
from tests.submission.conftest import NUM_CLASSES, make_release
from younger_hf.submission import SubmissionMetadata, write_metadata
from younger_hf.submission.check.validate import validate
from younger_hf.tasks import TRACKS

AT_ONCE = 3
IDLE_SECONDS = 1

SENT = {
    (6, "pages of one letter", "parquet"),
    (7, "an old pickle", "csv"),
    (9, "integers denied", "parquet"),
    (10, "2 GB of ids", "parquet"),
    (11, "half the file", "parquet"),
    (12, "10,000 keys", "jsonl"),
    (12, "names of invisible characters", "parquet"),
    (13, "a hundred thousand lists deep", "csv"),
    (14, "ids of type uuid", "parquet"),
    (15, "UTF-16", "csv"),
    (17, "a cell too many", "csv"),
    (19, "001 as 1", "parquet"),
    (21, "\u0661", "jsonl"),
    (22, "a line break in an id", "csv"),
    (23, "an id twice", "jsonl"),
    (26, "logits", "parquet"),
    (29, "a class above 2^64", "jsonl"),
    (33, "conflicting", "csv"),
    (35, "another version", "parquet"),
    (37, "one score too few", "jsonl"),
}
SAMPLE = [attack for attack in ATTACKS if (attack.number, attack.name, attack.file.split(".")[-1]) in SENT]
"""One of each kind that ends at validation, in every format."""


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Dataset, Server]]:
    """A board for the dataset that the attacks are made for, which does not wait long."""
    root = tmp_path_factory.mktemp("attacked")
    made = make_release(root)
    answers = (root / "answers").rename(root / "younger-answers")
    dataset = Dataset(made.release, answers, {track: dict(rows) for track, rows in made.truth.items()})  # type: ignore[arg-type]
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("YOUNGER_HF_BOARD_IDLE_LIMIT", str(IDLE_SECONDS))
        patched.setenv("YOUNGER_HF_BOARD_UPLOADS_AT_ONCE", str(AT_ONCE))
        patched.setenv("YOUNGER_HF_BOARD_TEAM_PENDING_LIMIT", str(len(SENT)))
        server = start_server(dataset, root / "board")
    yield dataset, server
    stop_server(server)
    assert "Traceback" not in (root / "server.log").read_text()


@pytest.fixture(scope="module")
def client(attacked: tuple[Dataset, Server]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{attacked[1].url}/api/v1", timeout=30) as opened:
        yield opened


def write_attack(attack: Attack, dataset: Dataset, folder: Path) -> Path:
    """The folder with the attack's two files."""
    rng = np.random.default_rng(7)
    valid = {
        graph_id: rng.integers(2, NUM_CLASSES, len(labels), dtype=np.int32)
        if attack.track.startswith("operator")
        else rng.integers(0, 64, len(labels)).astype(np.float32) / 64
        for graph_id, labels in dataset.labels[attack.track].items()
    }
    folder.mkdir(parents=True)
    attack.make(folder / attack.file, valid)
    declared = folder / "submission.yaml"
    write_metadata(declared, SubmissionMetadata(attack.track, dataset.release.content_hash, "Attack", "Strangers"))
    text = declared.read_text()
    for name, value in attack.declared.items():
        text = re.sub(rf"^{name}: .*$", f"{name}: {value}", text, flags=re.MULTILINE)
    declared.write_text(text)
    return folder


def send(client: httpx.Client, folder: Path, file: str) -> httpx.Response:
    metadata = (folder / "submission.yaml").read_bytes()
    with (folder / file).open("rb") as predictions:
        return client.post("/submissions", files={"predictions": predictions, "metadata": metadata})


def ended(client: httpx.Client, submission_id: str) -> dict[str, Any]:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        found: dict[str, Any] = client.get(f"/submissions/{submission_id}").raise_for_status().json()
        if found["state"] not in ("received", "scoring"):
            return found
        time.sleep(0.2)
    pytest.fail("the submission did not end in time")


def error_of(answer: httpx.Response) -> tuple[int, str]:
    assert "Traceback" not in answer.text
    return answer.status_code, answer.json()["error"]["code"]


@pytest.fixture(scope="module")
def sent(
    attacked: tuple[Dataset, Server], client: httpx.Client, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[Path, str]]:
    """Send all attacks before waiting for the first; return each one's folder and id."""
    root = tmp_path_factory.mktemp("sent")
    ids = {}
    for number, attack in enumerate(SAMPLE):
        folder = write_attack(attack, attacked[0], root / str(number))
        answer = send(client, folder, attack.file)
        assert 202 == answer.status_code, answer.text
        ids[str(attack)] = folder, answer.json()["id"]
    return ids


def test_the_sample_has_the_expected_verdicts() -> None:
    assert SENT == {(attack.number, attack.name, attack.file.split(".")[-1]) for attack in SAMPLE}
    assert {"csv", "jsonl", "parquet"} == {suffix for _, _, suffix in SENT}


@pytest.mark.heavy
@pytest.mark.parametrize("attack", SAMPLE, ids=str)
def test_library_command_line_and_board_report_the_same_problems_in_order(
    attacked: tuple[Dataset, Server], client: httpx.Client, sent: dict[str, tuple[Path, str]], attack: Attack
) -> None:
    folder, submission_id = sent[str(attack)]
    release = attacked[0].release
    library = [
        problem_json(problem)
        for problem in validate(folder / attack.file, folder / "submission.yaml", release).problems
    ]
    command = [sys.executable, "-m", "younger_hf.cli", "validate", str(folder), "--data", str(release.root), "--json"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (2, "") == (run.returncode, run.stderr)
    assert attack.codes == tuple(dict.fromkeys(problem["code"] for problem in library))
    assert library == json.loads(run.stdout)["problems"]
    found = ended(client, submission_id)
    assert ("rejected", None, None) == (found["state"], found["metrics"], found["rank"])
    assert library == found["problems"]


@pytest.mark.heavy
def test_no_attack_is_ranked_and_none_is_lost(
    attacked: tuple[Dataset, Server], client: httpx.Client, sent: dict[str, tuple[Path, str]]
) -> None:
    states = {ended(client, submission_id)["state"] for _, submission_id in sent.values()}
    assert {"rejected"} == states
    assert {track: [] for track in TRACKS} == client.get("/leaderboard").json()["tracks"]
    assert {"rejected": len(SAMPLE)} == rows(attacked[1])


def rows(server: Server) -> dict[str, int]:
    """Count the submissions by state, and check that the folders are exactly theirs."""
    with closing(Store(f"sqlite:///{server.folder / 'board.sqlite'}")) as store:
        counts = store.counts()
    assert sum(counts.values()) == len(list((server.folder / "uploads").iterdir()))
    return counts


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("attack", "expected"),
    [
        ((1, "no bytes", "predictions.csv"), (400, "file_empty")),
        ((5, "", "predictions.zip"), (400, "wrong_extension")),
        ((7, "", "predictions.pt"), (400, "wrong_extension")),
        ((35, "no such track", "predictions.jsonl"), (422, "invalid_metadata")),
    ],
    ids=str,
)
def test_refused_uploads_are_not_stored(
    attacked: tuple[Dataset, Server],
    client: httpx.Client,
    tmp_path: Path,
    attack: tuple[int, str, str],
    expected: tuple[int, str],
) -> None:
    before = rows(attacked[1])
    (found,) = [each for each in ATTACKS if attack == (each.number, each.name, each.file)]
    folder = write_attack(found, attacked[0], tmp_path / "s")
    assert expected == error_of(send(client, folder, found.file))
    assert before == rows(attacked[1])


@pytest.mark.heavy
def test_one_byte_above_the_limit_is_refused_and_the_limit_itself_is_read(
    attacked: tuple[Dataset, Server], client: httpx.Client, tmp_path: Path
) -> None:
    before = sum(rows(attacked[1]).values())
    predictions, _ = write_submission(tmp_path, attacked[0], TRACKS[0], 0.5)
    predictions.write_bytes(b"PAR1".ljust(UPLOAD_LIMIT + 1, b"\0"))
    assert (413, "file_too_large") == error_of(send(client, tmp_path, predictions.name))
    predictions.write_bytes(b"PAR1".ljust(UPLOAD_LIMIT, b"\0"))
    taken = ended(client, send(client, tmp_path, predictions.name).json()["id"])
    assert ["file_damaged"] == [problem["code"] for problem in taken["problems"]]
    assert before + 1 == sum(rows(attacked[1]).values())


BOUNDARY = b"xxBOUNDARYxx"
PART = b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="predictions"; filename="p.parquet"\r\n\r\nPAR1'
END = b"\r\n--" + BOUNDARY + b"--\r\n"


def opened(server: Server, *headers: str) -> socket.socket:
    """A connection on which the head of a form was sent."""
    parts = urlsplit(server.url)
    connection = socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=20)
    lines = [
        "POST /api/v1/submissions HTTP/1.1",
        f"Host: {parts.netloc}",
        f"Content-Type: multipart/form-data; boundary={BOUNDARY.decode()}",
        "Connection: close",
        *headers,
    ]
    connection.sendall("\r\n".join([*lines, "", ""]).encode())
    return connection


def answered(connection: socket.socket) -> bytes:
    """Read everything that the server sends until it closes the connection."""
    said = b""
    with suppress(ConnectionError):  # it was closed while we were still sending
        while data := connection.recv(65_536):
            said += data
    return said


def assert_unharmed(server: Server, client: httpx.Client, before: dict[str, int]) -> None:
    assert before == rows(server)
    assert "ok" == client.get("/health").json()["status"]


@pytest.mark.heavy
@pytest.mark.parametrize(
    "length", ["-1", "abc", "1e3", "0x10", "1" + "0" * 30, "", "\u0661", "10\r\nContent-Length: 20"]
)
def test_a_malformed_content_length_is_refused(
    attacked: tuple[Dataset, Server], client: httpx.Client, length: str
) -> None:
    before = rows(attacked[1])
    with opened(attacked[1], f"Content-Length: {length}") as connection:
        assert re.match(rb"HTTP/1.1 4\d\d ", answered(connection))
    assert_unharmed(attacked[1], client, before)


@pytest.mark.heavy
@pytest.mark.parametrize("header", ["Content-Length: 5000", "Transfer-Encoding: chunked"])
def test_a_body_shorter_than_its_content_length_is_not_stored(
    attacked: tuple[Dataset, Server], client: httpx.Client, header: str
) -> None:
    before = rows(attacked[1])
    body = PART if "Length" in header else b"%x\r\n%b\r\n" % (len(PART), PART)
    with opened(attacked[1], header) as connection:  # the client stays and says nothing more
        connection.sendall(body)
        said = answered(connection)
    assert b"HTTP/1.1 408 " == said[:13]
    assert "too_slow" == json.loads(said.split(b"\r\n\r\n", 1)[1])["error"]["code"]
    with opened(attacked[1], header) as connection:  # the client goes away
        connection.sendall(body)
    assert_unharmed(attacked[1], client, before)


def test_a_body_longer_than_its_content_length_is_cut(attacked: tuple[Dataset, Server], client: httpx.Client) -> None:
    before = rows(attacked[1])
    with opened(attacked[1], f"Content-Length: {len(PART)}") as connection:
        connection.sendall(PART + END * 3)
        assert b"HTTP/1.1 400 " == answered(connection)[:13]
    assert_unharmed(attacked[1], client, before)


def test_endless_chunks_are_stopped_at_the_limit(attacked: tuple[Dataset, Server], client: httpx.Client) -> None:
    before = rows(attacked[1])
    chunk, sent_bytes = b"10000\r\n" + b"x" * 65_536 + b"\r\n", 0
    with opened(attacked[1], "Transfer-Encoding: chunked") as connection:
        connection.sendall(b"%x\r\n%b\r\n" % (len(PART), PART))
        connection.settimeout(0.5)
        said = b""
        while not said and sent_bytes < 100 * UPLOAD_LIMIT:
            try:
                connection.sendall(chunk)
                sent_bytes += len(chunk)
            except ConnectionError:
                break
            connection.settimeout(0.01)
            with suppress(TimeoutError):
                said = connection.recv(65_536)
            connection.settimeout(0.5)
    assert b"HTTP/1.1 413 " == said[:13]
    assert sent_bytes < 4 * UPLOAD_LIMIT
    assert_unharmed(attacked[1], client, before)


@pytest.mark.heavy
@pytest.mark.parametrize("size", [b"-1", b"xyz", b"f" * 17, b"f" * 1000, b"", b"0x10"])
def test_chunks_of_a_malformed_size_are_refused(
    attacked: tuple[Dataset, Server], client: httpx.Client, size: bytes
) -> None:
    before = rows(attacked[1])
    with opened(attacked[1], "Transfer-Encoding: chunked") as connection:
        connection.sendall(b"%x\r\n%b\r\n" % (len(PART), PART) + size + b"\r\n" + END)
        assert re.match(rb"HTTP/1.1 4\d\d ", answered(connection))
    assert_unharmed(attacked[1], client, before)


def test_concurrent_uploads_of_an_address_are_limited(attacked: tuple[Dataset, Server], client: httpx.Client) -> None:
    before = rows(attacked[1])
    with ExitStack() as stack:
        for _ in range(AT_ONCE):
            connection = stack.enter_context(opened(attacked[1], "Content-Length: 5000"))
            connection.sendall(PART)
        answers = [client.post("/submissions", files={"predictions": b"PAR1"}) for _ in range(5)]
        errors = [error_of(answer) for answer in answers]
        assert (429, "too_many_uploads") in errors
        assert {(429, "too_many_uploads"), (400, "malformed_form")} >= set(errors)
        assert 200 == client.get("/leaderboard").status_code
    for _ in range(50):  # the server notices in its own time that they are gone
        again = error_of(client.post("/submissions", files={"predictions": b"PAR1"}))
        if again != (429, "too_many_uploads"):
            break
        time.sleep(0.1)
    assert (400, "malformed_form") == again
    assert_unharmed(attacked[1], client, before)


@pytest.mark.heavy
def test_twenty_submissions_at_once_are_accepted_up_to_the_queue_limit(dataset: Dataset, tmp_path: Path) -> None:
    board = open_test_board(dataset, tmp_path / "board", pending_limit=8, team_pending_limit=5)

    def submit(team: str) -> str:
        predictions, metadata = write_submission(
            tmp_path / team.split()[0], dataset, TRACKS[0], 0.5, team=team.split()[1]
        )
        try:
            accept(board, io.BytesIO(predictions.read_bytes()), "p.parquet", metadata.read_bytes())
        except RefusalError as refusal:
            return f"{refusal.status} {refusal.code}: {refusal.message.split(' wait')[0]}"
        return "taken"

    with ThreadPoolExecutor(20) as pool:
        first = list(pool.map(submit, [f"{number} one" for number in range(20)]))
        second = list(pool.map(submit, [f"{number} two" for number in range(20, 40)]))
    assert {"taken": 5, "429 too_many_pending: 5 submissions of your team": 15} == counted(first)
    assert {"taken": 3, "429 too_many_pending: 8 submissions of all teams": 17} == counted(second)
    assert {"received": 8} == board.store.counts()
    assert 8 == len(list(board.settings.uploads.iterdir()))
    board.store.close()


def counted(answers: list[str]) -> dict[str, int]:
    return {answer: answers.count(answer) for answer in dict.fromkeys(sorted(answers, key=len))}


OF_THE_SERVER = {
    2: [test_one_byte_above_the_limit_is_refused_and_the_limit_itself_is_read],
    3: [
        test_a_malformed_content_length_is_refused,
        test_a_body_shorter_than_its_content_length_is_not_stored,
        test_a_body_longer_than_its_content_length_is_cut,
        test_endless_chunks_are_stopped_at_the_limit,
        test_chunks_of_a_malformed_size_are_refused,
    ],
    8: [
        test_concurrent_uploads_of_an_address_are_limited,
        test_twenty_submissions_at_once_are_accepted_up_to_the_queue_limit,
    ],
}
"""Attacks that are answered before there is a file, and what tests them."""


def test_every_number_has_a_case() -> None:
    assert list(range(1, 38)) == list(NUMBERS)
    assert set(NUMBERS) == {attack.number for attack in ATTACKS} | set(OF_THE_SERVER)
    assert {3, 8} == set(OF_THE_SERVER) - {attack.number for attack in ATTACKS}
