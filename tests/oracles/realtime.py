#!/usr/bin/env python3
"""Judges our Realtime messages with the types of OpenAI's own client library.

    python3 -m venv oracle && oracle/bin/pip install openai==3.52.0 pydantic
    FRONTDESK_ORACLE_DIR=oracle/out cargo test --test integration realtime::
    oracle/bin/python tests/oracles/realtime.py oracle/out

Judged are, each a JSON object a line:

- client_events.jsonl in the given directory: every event that we can send;
- gateway_events.jsonl there, if it exists: what the gateway sent in a call;
- model_events.jsonl there, if it exists: what the simulated model sent;
- fixtures/realtime/*.jsonl: what we say OpenAI sends. compatible.jsonl is
  left out, because it holds what OpenAI does not send.

Keys that the library does not know are failures: a default check would let a
misspelt field pass. The library itself knows less than the documentation in
one place: null for noise_reduction and transcription. We leave both out.
"""

import importlib
import json
import pathlib
import pkgutil
import sys
import typing

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from typing_extensions import is_typeddict

for package in ("openai.types.realtime", "openai.types.responses"):
    root = importlib.import_module(package)
    for module in pkgutil.walk_packages(root.__path__, package + "."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, type) and is_typeddict(value):
                value.__pydantic_config__ = ConfigDict(extra="forbid", strict=True)

from openai.types.realtime import (  # noqa: E402
    RealtimeClientEventParam,
    RealtimeServerEvent,
    RealtimeSessionCreateResponse,
    ResponseCreateEventWithReferencesParam,
)


def type_of(annotation):
    return typing.get_args(annotation)[0]


CLIENT = {
    type_of(typing.get_type_hints(event)["type"]): TypeAdapter(event)
    for event in typing.get_args(RealtimeClientEventParam)
}
# What the library itself sends; the union above forgets references to items.
CLIENT["response.create"] = TypeAdapter(ResponseCreateEventWithReferencesParam)
SERVER = {
    type_of(event.model_fields["type"].annotation): event
    for event in typing.get_args(typing.get_args(RealtimeServerEvent)[0])
    if "type" in event.model_fields
}


def materialize(value):
    """Pydantic checks an Iterable only when somebody walks over it."""
    if isinstance(value, dict):
        for member in value.values():
            materialize(member)
    elif isinstance(value, (list, tuple)) or type(value).__name__ == "ValidatorIterator":
        for member in value:
            materialize(member)


def judge_client(event):
    if event.get("type") not in CLIENT:
        return f"no such client event: {event.get('type')}"
    try:
        materialize(CLIENT[event["type"]].validate_python(event))
    except ValidationError as error:
        return describe(error)
    return None


def judge_server(event):
    if event.get("type") not in SERVER:
        return f"no such server event: {event.get('type')}"
    try:
        unknown = unknown_in(event)
    except ValidationError as error:
        return describe(error)
    return f"unknown keys: {', '.join(sorted(unknown))}" if unknown else None


def unknown_in(event):
    model = SERVER[event["type"]].model_validate(event, strict=True)
    unknown = set(unknown_keys(model, event["type"]))
    if event["type"] in ("session.created", "session.updated"):
        # The library describes this session as one that we ask for. The server
        # adds what it describes in its answer to a REST request: id, expiry.
        answered = RealtimeSessionCreateResponse.model_validate(event["session"], strict=True)
        unknown &= set(unknown_keys(answered, event["type"] + ".session"))
    return unknown


def unknown_keys(value, path):
    if isinstance(value, BaseModel):
        for key in value.model_extra or {}:
            yield f"{path}.{key}"
        for name in type(value).model_fields:
            yield from unknown_keys(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from unknown_keys(member, f"{path}.{key}")
    elif isinstance(value, (list, tuple)):
        for index, member in enumerate(value):
            yield from unknown_keys(member, f"{path}[{index}]")


def describe(error):
    places = (
        f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False)
    )
    return "; ".join(list(places)[:4])


def judge_file(path, judge):
    if not path.exists():
        sys.exit(f"{path} is not there: write it with the cargo test above\n{__doc__}")
    passed = failed = 0
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if not line.strip():
            continue
        try:
            verdict = judge(json.loads(line))
        except ValueError as error:
            verdict = f"not JSON: {error}"
        if verdict is None:
            passed += 1
        else:
            failed += 1
            print(f"{path.name}:{number}: {verdict}", file=sys.stderr)
    print(f"{path.name}: {passed} passed, {failed} failed")
    return passed, failed


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    directory = pathlib.Path(sys.argv[1])
    fixtures = pathlib.Path(__file__).parents[2] / "fixtures" / "realtime"
    files = [(directory / "client_events.jsonl", judge_client)]
    optional = [
        (directory / "gateway_events.jsonl", judge_client),
        (directory / "model_events.jsonl", judge_server),
    ]
    files += [(path, judge) for path, judge in optional if path.exists()]
    files += [
        (path, judge_server)
        for path in sorted(fixtures.glob("*.jsonl"))
        if path.name != "compatible.jsonl"
    ]
    verdicts = [judge_file(path, judge) for path, judge in files]
    passed = sum(p for p, _ in verdicts)
    failed = sum(f for _, f in verdicts)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
