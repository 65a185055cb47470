"""A loading script for `datasets` that reads the Parquet files of `load_dataset("younger", ...)`.

`load_dataset` runs scripts only before datasets 4. Up to 3.x:

    script = "loading_script/younger.py"
    load_dataset(script, "operator_w_attrs", data_dir="younger", trust_remote_code=True)

In every version:

    builder = Younger(config_name="operator_w_attrs", data_dir="younger")
    builder.download_and_prepare()
    train = builder.as_dataset(split="train")

`data_dir` is the dataset repo: a local folder, or `ORG/NAME[@REVISION]` on the Hub. The
script needs only `datasets`, not younger-hf.
"""

import dataclasses
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import huggingface_hub
import pyarrow.parquet

_DEFAULT = "younger"
_MANIFEST = "manifest.json"
_BATCH = 256
_CITATION = """\
@misc{younger,
  title = {Younger: The First Dataset for Artificial Intelligence-Generated Neural Network Architecture},
  author = {Yang, Zhengxin and Gao, Wanling and Peng, Luzhou and Huang, Yunyou and Tang, Fei and Zhan, Jianfeng},
}
"""
_NAMES = (
    "architectures",
    "operator_w_attrs",
    "operator_wo_attrs",
    "dataflow_w_attrs",
    "dataflow_wo_attrs",
    "generation_w_attrs",
    "generation_wo_attrs",
    "prediction",
    "vocabulary_w_attrs",
    "vocabulary_wo_attrs",
)


@dataclasses.dataclass
class YoungerConfig(datasets.BuilderConfig):  # type: ignore[misc]  # datasets has no types
    """One config of the dataset repo.

    Attributes:
        content_hash: Content hash of the repo's data files. It is part of the cache's name, so that
            another build in the same folder is another dataset.
    """

    content_hash: str = ""


def _file(repo: str, name: str) -> Path:
    """The local path of a file of a dataset repo, downloaded first if the repo is on the Hub."""
    repo_id, _, revision = repo.partition("@")
    if Path(repo).is_dir() or repo_id.count("/") != 1:
        return Path(repo) / name
    return Path(huggingface_hub.hf_hub_download(repo_id, name, repo_type="dataset", revision=revision or None))


def _manifest(repo: str) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(_file(repo, _MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{repo}: this is not a dataset repo of Younger: it has no {_MANIFEST}; name one with data_dir."
        ) from error
    return manifest


class Younger(datasets.ArrowBasedBuilder):  # type: ignore[misc]
    """One config of a Younger dataset repo."""

    BUILDER_CONFIG_CLASS = YoungerConfig
    BUILDER_CONFIGS = [YoungerConfig(name=name) for name in _NAMES]  # noqa: RUF012  # as datasets has it
    DEFAULT_CONFIG_NAME = "operator_w_attrs"

    def __init__(self, *args: Any, data_dir: str | None = _DEFAULT, **kwargs: Any) -> None:
        """Create the builder as usual, with the content hash from the manifest."""
        data_dir = os.fspath(data_dir or _DEFAULT)
        self._manifest = _manifest(data_dir)
        super().__init__(*args, data_dir=data_dir, **{**kwargs, "content_hash": self._manifest["content_hash"]})

    def _info(self) -> datasets.DatasetInfo:
        schema = self._schema()
        return datasets.DatasetInfo(
            description="Architectures of neural networks as directed acyclic graphs of operators.",
            citation=_CITATION,
            features=datasets.Features.from_arrow_schema(schema),
        )

    def _splits(self) -> dict[str, dict[str, Any]]:
        configs: dict[str, dict[str, dict[str, Any]]] = self._manifest["configs"]
        if self.config.name not in configs:
            raise ValueError(f"Unknown config {self.config.name!r}; expected one of: {', '.join(configs)}.")
        return configs[self.config.name]

    def _schema(self) -> pyarrow.Schema:
        first = next(iter(self._splits().values()))
        return pyarrow.parquet.read_schema(_file(self.config.data_dir, first["path"]))

    def _split_generators(self, dl_manager: Any) -> list[datasets.SplitGenerator]:
        ordered = [name for name in ("train", "validation", "test") if name in self._splits()]
        return [
            datasets.SplitGenerator(
                name=name, gen_kwargs={"files": [_file(self.config.data_dir, self._splits()[name]["path"])]}
            )
            for name in ordered
        ]

    def _generate_tables(self, files: list[Path]) -> Iterator[tuple[str, pyarrow.Table]]:
        for number, path in enumerate(files):
            with pyarrow.parquet.ParquetFile(path, page_checksum_verification=True) as file:
                for part, batch in enumerate(file.iter_batches(batch_size=_BATCH)):
                    yield f"{number}-{part}", pyarrow.Table.from_batches([batch])
