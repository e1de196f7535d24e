#!/usr/bin/env python3
"""Fills in what the real Cookiecutter makes of the templates in the cases of `fetch:cookiecutter`.

    pip install cookiecutter && scripts/cookiecutter-cases.py
"""

import json
import pathlib
import tempfile

from cookiecutter.main import cookiecutter

CASES = pathlib.Path(__file__).parent.parent / "crates/scaffolder/tests/cookiecutter/cases.json"


def text(data: bytes) -> str:
    """Bytes as the cases hold them: one character each."""
    return data.decode("latin-1")


def make(case: dict) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        template, output = pathlib.Path(folder, "template"), pathlib.Path(folder, "output")
        for path, content in case["files"].items():
            file = template / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode("latin-1"))
        # As the action does: values take the place of variables, whatever those were.
        settings = template / "cookiecutter.json"
        variables = json.loads(settings.read_text()) | case.get("values", {})
        settings.write_text(json.dumps(variables))
        config = pathlib.Path(folder, "config.yaml")
        config.write_text(f"cookiecutters_dir: {folder}/c\nreplay_dir: {folder}/r\n")
        try:
            made = cookiecutter(
                str(template), no_input=True, output_dir=str(output), config_file=str(config)
            )
        except Exception as error:  # Whatever it is, the action has to refuse it as well.
            return {"error": type(error).__name__}
        files = sorted(it for it in pathlib.Path(made).rglob("*") if it.is_file())
        return {"files": {str(it.relative_to(made)): text(it.read_bytes()) for it in files}}


def main() -> None:
    cases = json.loads(CASES.read_text())
    for case in cases:
        case["expected"] = make(case)
    CASES.write_text(json.dumps(cases, indent=1) + "\n")


main()
