"""The JSON routes, over a real server in a process of its own."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.leaderboard.conftest import UPLOAD_LIMIT, Server
from tests.leaderboard.files import Dataset, write_submission
from younger_hf.tasks import TRACKS

TRACK = "operator_w_attrs"


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{server.url}/api/v1", timeout=30) as opened:
        yield opened


def post(client: httpx.Client, predictions: Path, metadata: Path) -> httpx.Response:
    with predictions.open("rb") as file:
        return client.post("/submissions", files={"predictions": file, "metadata": metadata.read_bytes()})


def ended(client: httpx.Client, submission_id: str) -> dict[str, Any]:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        found: dict[str, Any] = client.get(f"/submissions/{submission_id}").raise_for_status().json()
        if found["state"] not in ("received", "scoring"):
            return found
        time.sleep(0.1)
    pytest.fail("the submission did not end in time")


def submitted(client: httpx.Client, predictions: Path, metadata: Path) -> dict[str, Any]:
    answer = post(client, predictions, metadata)
    assert 202 == answer.status_code, answer.text
    assert "received" == answer.json()["state"]
    return ended(client, answer.json()["id"])


def assert_refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert status == answer.status_code, answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert {"code", "message", "hint", "problems"} == set(error)
    assert code == error["code"]
    assert "Traceback" not in answer.text
    return error


@pytest.mark.heavy
def test_health_names_the_dataset(client: httpx.Client, dataset: Dataset) -> None:
    assert {"status": "ok", "dataset": dataset.release.content_hash} == client.get("/health").json()


@pytest.mark.heavy
def test_the_same_server_serves_the_page(server: Server) -> None:
    page = httpx.get(server.url)
    assert 200 == page.status_code
    assert "text/html" in page.headers["content-type"]


@pytest.mark.heavy
def test_valid_submissions_are_scored_and_ranked(client: httpx.Client, dataset: Dataset, tmp_path: Path) -> None:
    weak = submitted(client, *write_submission(tmp_path / "weak", dataset, TRACK, 0.2, "Weak", paper_url="https://x.y"))
    strong = submitted(client, *write_submission(tmp_path / "strong", dataset, TRACK, 1.0, "Strong"))
    twin = submitted(client, *write_submission(tmp_path / "twin", dataset, TRACK, 1.0, "Twin of strong"))
    assert ["scored"] * 3 == [one["state"] for one in (weak, strong, twin)]
    assert 1.0 == strong["metrics"]["accuracy"]

    table = client.get("/leaderboard", params={"track": TRACK}).json()
    assert (TRACK, dataset.release.content_hash, "accuracy", "max") == tuple(
        table[name] for name in ("track", "content_hash", "primary", "direction")
    )
    assert [(1, "Strong"), (1, "Twin of strong"), (3, "Weak")] == [
        (row["rank"], row["system"]) for row in table["rows"]
    ]
    assert weak["metrics"] == table["rows"][2]["metrics"]
    assert (weak["id"], "Test team", 123_456, "https://x.y", weak["created_at"]) == tuple(
        table["rows"][2][name] for name in ("id", "team", "parameters", "paper_url", "submitted_at")
    )
    assert 3 == client.get(f"/submissions/{weak['id']}").json()["rank"]

    everything = client.get("/leaderboard").json()
    assert list(TRACKS) == list(everything["tracks"])
    assert table["rows"] == everything["tracks"][TRACK]


@pytest.mark.heavy
def test_invalid_rows_end_as_rejected_with_all_problems_and_no_rank(
    client: httpx.Client, dataset: Dataset, tmp_path: Path
) -> None:
    predictions, metadata = write_submission(tmp_path / "s", dataset, "dataflow_w_attrs", 0.7)
    rows = pq.read_table(predictions).to_pylist()
    rows[0]["scores"][0] = float("nan")
    rows[1]["scores"].append(0.5)
    pq.write_table(pa.Table.from_pylist(rows[:-1], pq.read_schema(predictions)), predictions)
    found = submitted(client, predictions, metadata)
    assert ("rejected", None, None) == (found["state"], found["metrics"], found["rank"])
    assert {"nan", "wrong_length", "missing_graph"} == {problem["code"] for problem in found["problems"]}
    assert all(problem["message"] and problem["expected"] for problem in found["problems"])
    assert [] == client.get("/leaderboard", params={"track": "dataflow_w_attrs"}).json()["rows"]


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
def test_an_upload_above_the_limit_gets_413(client: httpx.Client, chunked: bool) -> None:
    boundary = "xxBOUNDARYxx"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="predictions"; filename="p.parquet"\r\n\r\n'
    body = [head.encode(), *[b"x" * 65_536] * (UPLOAD_LIMIT // 65_536 + 10), f"\r\n--{boundary}--\r\n".encode()]
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    answer = client.post("/submissions", content=iter(body) if chunked else b"".join(body), headers=headers)
    error = assert_refused(answer, 413, "file_too_large")
    assert f"{UPLOAD_LIMIT:,}" in error["message"]


def test_metadata_that_is_wrong_is_answered_at_once_with_every_problem(
    client: httpx.Client, dataset: Dataset, tmp_path: Path, server: Server
) -> None:
    files = write_submission(tmp_path / "s", dataset, TRACK, 0.5, score=1.0, code_url="javascript:alert(1)")
    error = assert_refused(post(client, *files), 422, "invalid_metadata")
    assert {"metadata_unknown_field", "metadata_bad_url"} == {problem["code"] for problem in error["problems"]}
    assert str(server.folder) not in str(error)


def test_a_file_of_another_kind_is_refused(client: httpx.Client, dataset: Dataset, tmp_path: Path) -> None:
    predictions, metadata = write_submission(tmp_path / "s", dataset, TRACK, 0.5)
    assert_refused(post(client, predictions.rename(tmp_path / "p.pickle"), metadata), 400, "wrong_extension")


@pytest.mark.heavy
@pytest.mark.parametrize(
    "request_of",
    [
        {"content": b""},
        {"content": b"{}", "headers": {"content-type": "application/json"}},
        {"content": b"garbage", "headers": {"content-type": "multipart/form-data"}},
        {"content": b"garbage", "headers": {"content-type": "multipart/form-data; boundary=x"}},
        {"content": b"--x\r\n\r\n\r\n--x--", "headers": {"content-type": "multipart/form-data; boundary=x"}},
        {"files": {"predictions": b"PAR1"}},
        {"files": {"metadata": b"track: x"}},
        {"data": {"predictions": "text"}, "files": {"metadata": b"track: x"}},
        {"files": {"predictions": b"PAR1", "metadata": b"x", "owner": b"admin"}},
        {"files": [("predictions", b"1"), ("predictions", b"2"), ("metadata", b"x")]},
        {"files": [(f"f{number}", b"x") for number in range(50)]},
    ],
)
def test_a_malformed_form_is_refused(client: httpx.Client, request_of: dict[str, Any]) -> None:
    error = assert_refused(client.post("/submissions", **request_of), 400, "malformed_form")
    assert "predictions" in error["hint"]


@pytest.mark.parametrize("submission_id", ["0" * 32, "x", "' OR 1=1 --", "%F0%9F%98%80", "a" * 2000])
def test_an_unknown_submission_gets_404(client: httpx.Client, submission_id: str) -> None:
    answer = client.get(f"/submissions/{submission_id}")
    assert 404 == answer.status_code
    assert answer.json()["error"]["code"] in ("not_found", "unknown_route")


def test_an_unknown_track_gets_404_with_the_names_of_the_tracks(client: httpx.Client) -> None:
    error = assert_refused(client.get("/leaderboard", params={"track": "<script>"}), 404, "unknown_track")
    assert TRACK in error["message"]


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nothing"), ("DELETE", "/submissions/0"), ("GET", "/submissions"), ("PUT", "/health")]
)
def test_another_route_or_method_is_answered_in_json(client: httpx.Client, method: str, path: str) -> None:
    answer = client.request(method, path)
    assert answer.status_code in (404, 405)
    assert "application/json" in answer.headers["content-type"]
    assert {"error"} == set(answer.json())


@pytest.mark.heavy
def test_no_response_holds_a_hidden_label_or_a_folder_of_the_host(
    client: httpx.Client, dataset: Dataset, tmp_path: Path, server: Server
) -> None:
    seen: list[str] = []
    client.event_hooks["response"].append(
        lambda response: seen.append(response.read().decode() + str(response.headers))
    )
    predictions, metadata = write_submission(tmp_path / "right", dataset, TRACK, 1.0, "All right")
    submitted(client, predictions, metadata)
    wrong, _ = write_submission(tmp_path / "wrong", dataset, TRACK, 0.0)
    rows = pq.read_table(wrong).to_pylist()
    rows[2]["predictions"] = rows[2]["predictions"][:-1]
    pq.write_table(pa.Table.from_pylist(rows, pq.read_schema(wrong)), wrong)
    submitted(client, wrong, metadata)
    for path in ("/leaderboard", f"/leaderboard?track={TRACK}", "/health", "/submissions/none"):
        client.get(path)
    text = "\n".join(seen)
    hidden = {str(label) for labels in dataset.labels[TRACK].values() for label in labels}
    assert not hidden & set(re.findall(r"\b\d+\b", text))
    for folder in (dataset.release.root, dataset.answers, server.folder):
        assert str(folder) not in text
