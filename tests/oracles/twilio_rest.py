"""Twilio's own library, and its OpenAPI document, as judges of our REST client and of the simulated account.

    python3 -m venv /tmp/oracle-twilio
    /tmp/oracle-twilio/bin/pip install twilio==9.13.0
    FRONTDESK_ORACLE_DIR=/tmp/cases cargo test --test integration twilio::rest
    /tmp/oracle-twilio/bin/python tests/oracles/twilio_rest.py /tmp/cases [twilio_api_v2010.json]

Reads `twilio_rest.jsonl` from the folder given, or from FRONTDESK_ORACLE_DIR: one exchange a line, {"method", "path",
"query", "form", "status", "body"}; status and body are null where the answer was lost on purpose. Each request is made a
second time by the library, told the same by its own names for things, and what the library would send is compared. A
parameter that the library has no name for is a failure, and so is a member of a resource that it does not read, or
that it reads and we do not give. Requests and answers are held against the patterns, enums and types of the document as
well: the part of it in fixtures/twilio/openapi, or the whole (spec/json of https://github.com/twilio/twilio-oai), if it
is given. Prints `N passed, N failed`, and exits with 1 if
anything failed or an operation was never seen.
"""

import inspect
import json
import logging
import os
import re
import sys
from datetime import datetime
from email.utils import parsedate_tz
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

# A file beside this one is named like the package; keep its folder off the path.
sys.path = [entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).parent.resolve()]

from twilio.base import values  # noqa: E402
from twilio.http import HttpClient  # noqa: E402
from twilio.http.response import Response  # noqa: E402
from twilio.rest import Client  # noqa: E402

DOCUMENT = Path(__file__).parents[2] / "fixtures/twilio/openapi/twilio_api_v2010.json"
ROOT = r"/2010-04-01/Accounts/(?P<account>AC[0-9a-f]{32})"
# Name, method, path, and the library's function for it.
OPERATIONS = [
    ("search local", "GET", r"/AvailablePhoneNumbers/(?P<c>\w+)/Local\.json",
     lambda api, m: api.available_phone_numbers(m["c"]).local.page),
    ("search toll-free", "GET", r"/AvailablePhoneNumbers/(?P<c>\w+)/TollFree\.json",
     lambda api, m: api.available_phone_numbers(m["c"]).toll_free.page),
    ("search mobile", "GET", r"/AvailablePhoneNumbers/(?P<c>\w+)/Mobile\.json",
     lambda api, m: api.available_phone_numbers(m["c"]).mobile.page),
    ("list numbers", "GET", r"/IncomingPhoneNumbers\.json", lambda api, m: api.incoming_phone_numbers.page),
    ("buy a number", "POST", r"/IncomingPhoneNumbers\.json", lambda api, m: api.incoming_phone_numbers.create),
    ("change a number", "POST", r"/IncomingPhoneNumbers/(?P<s>\w+)\.json",
     lambda api, m: api.incoming_phone_numbers(m["s"]).update),
    ("release a number", "DELETE", r"/IncomingPhoneNumbers/(?P<s>\w+)\.json",
     lambda api, m: api.incoming_phone_numbers(m["s"]).delete),
    ("list calls", "GET", r"/Calls\.json", lambda api, m: api.calls.page),
    ("make a call", "POST", r"/Calls\.json", lambda api, m: api.calls.create),
    ("show a call", "GET", r"/Calls/(?P<s>\w+)\.json", lambda api, m: api.calls(m["s"]).fetch),
    ("change a call", "POST", r"/Calls/(?P<s>\w+)\.json", lambda api, m: api.calls(m["s"]).update),
    ("list conferences", "GET", r"/Conferences\.json", lambda api, m: api.conferences.page),
    ("change a conference", "POST", r"/Conferences/(?P<s>\w+)\.json", lambda api, m: api.conferences(m["s"]).update),
    ("list participants", "GET", r"/Conferences/(?P<s>\w+)/Participants\.json",
     lambda api, m: api.conferences(m["s"]).participants.page),
    ("change a participant", "POST", r"/Conferences/(?P<s>\w+)/Participants/(?P<c>\w+)\.json",
     lambda api, m: api.conferences(m["s"]).participants(m["c"]).update),
    ("send a message", "POST", r"/Messages\.json", lambda api, m: api.messages.create),
    ("list messages", "GET", r"/Messages\.json", lambda api, m: api.messages.page),
    ("delete a queue", "DELETE", r"/Queues/(?P<s>\w+)\.json", lambda api, m: api.queues(m["s"]).delete),
    ("delete a recording", "DELETE", r"/Recordings/(?P<s>\w+)\.json", lambda api, m: api.recordings(m["s"]).delete),
]
# The library reads these, and the document of April 2026 does not have them yet.
NEWER = {"stir_verstat"}
# Members of a page, beside the things themselves.
PAGE = {"page", "page_size", "start", "end", "uri", "first_page_uri", "next_page_uri", "previous_page_uri"}


class Wire(HttpClient):
    """Keeps what the library would send, and answers with what the simulated account answered."""

    def __init__(self, status, body):
        super().__init__(logging.getLogger("twilio"), False)
        self.answer = Response(status, "" if body is None else json.dumps(body))
        self.sent = None

    def request(self, method, url, params=None, data=None, headers=None, auth=None, timeout=None,
                allow_redirects=False):
        self.sent = (method.upper(), url, params or {}, data or {})
        return self.answer


def operation(case):
    for name, method, path, function in OPERATIONS:
        match = re.fullmatch(ROOT + path, case["path"])
        if match and method == case["method"]:
            return name, match, function
    return None, None, None


def arguments(pairs, function):
    """Our parameters under the library's names."""
    declared = inspect.signature(function).parameters
    given = {}
    for name, value in pairs:
        own = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        own = own if own in declared else f"{own}_"
        if own not in declared and name == "Page":
            own = "page_number"
        if own not in declared:
            yield f"the library has no parameter {name}"
            continue
        is_list = "List[" in str(declared[own].annotation)
        given[own] = given.get(own, []) + [value] if is_list else value
    yield given


def flat(parameters):
    pairs = []
    for name, value in values.of(parameters).items():
        for one in value if isinstance(value, list) else [value]:
            pairs.append((name, str(one)))
    return sorted(pairs)


def judge_request(case, wire):
    method, url, params, data = wire.sent
    split = urlsplit(url)
    theirs = (method, split.path, sorted(parse_qsl(split.query) + flat(params)), flat(data))
    ours = (case["method"], case["path"], sorted(map(tuple, case["query"])), sorted(map(tuple, case["form"])))
    return None if ours == theirs else f"ours {ours}\n    theirs {theirs}"


class Members(dict):
    """A resource that remembers which of its members were read."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.read = set()

    def get(self, key, default=None):
        self.read.add(key)
        return super().get(key, default)


def judge_resource(made, body):
    """`made` is what the library made of `body`; make it again, and see what is read."""
    kind, members = type(made), Members(body)
    needed = inspect.signature(kind.__init__).parameters
    solution = {name: "x" for name in needed if name not in ("self", "version", "payload")}
    again = kind(made._version, members, **solution)
    for name in sorted(body.keys() - members.read):
        yield f"{kind.__name__} has no member {name}"
    for name in sorted(members.read - body.keys()):
        yield f"{kind.__name__} misses {name}"
    for name, value in vars(again).items():
        is_moment = name.startswith("date_") or name in ("start_time", "end_time")
        # What the library cannot read as a moment it takes for none.
        if is_moment and body.get(name) is not None and not isinstance(value, datetime):
            yield f"{kind.__name__}.{name} is no moment: {body[name]}"


def judge_answer(made, case):
    body = case["body"]
    if isinstance(made, bool):
        yield None if made and case["status"] == 204 else f"status {case['status']}"
    elif hasattr(made, "get_instance"):
        member = next(key for key, value in body.items() if isinstance(value, list))
        yield None if body.keys() == PAGE | {member} else f"a page has {sorted(body)}"
        things = list(made)
        yield None if len(things) == len(body[member]) else f"{len(things)} of {len(body[member])} were found"
        for thing, raw in zip(things, body[member]):
            yield from judge_resource(thing, raw)
    else:
        yield from judge_resource(made, body)


def judge(case, document):
    name, match, function = operation(case)
    if name is None:
        yield "no operation of ours"
        return
    status, body = case["status"], case["body"]
    is_good = status is not None and status < 400
    wire = Wire(status, body) if is_good else Wire(500, {"code": 20500, "message": "", "status": 500})
    function = function(Client(match["account"], "token", http_client=wire).api.v2010.account, match)
    *complaints, given = arguments(case["query"] + case["form"], function)
    yield from complaints
    # The library follows `next_page_uri` as it is, and so do we.
    made = None
    try:
        made = function(**given)
    except Exception as error:
        if is_good:
            yield f"the library cannot read the answer: {error!r}"
    yield judge_request(case, wire)
    if is_good and made is not None:
        yield from judge_answer(made, case)
    elif status is not None and status >= 400:
        is_error = set(body) == {"code", "message", "more_info", "status"} and body["status"] == status
        yield None if is_error else f"no error of Twilio's: {body}"
    yield from document.judge(case)


class Document:
    """The OpenAPI document: as much of it as our operations use."""

    def __init__(self, document):
        self.document = document

    def judge(self, case):
        for template, item in self.document["paths"].items():
            pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(template))
            match = re.fullmatch(pattern, case["path"])
            if match and case["method"].lower() in item:
                yield from self.judge_operation(item[case["method"].lower()], match.groupdict(), case)
                return
        yield "the document has no such operation"

    def judge_operation(self, operation, path, case):
        schemas = {"path": {}, "query": {}}
        for parameter in operation.get("parameters", []):
            schemas[parameter["in"]][parameter["name"]] = parameter["schema"]
        for place, pairs in (("path", path.items()), ("query", case["query"])):
            for name, value in pairs:
                if name not in schemas[place]:
                    yield f"the document has no {place} parameter {name}"
                else:
                    yield from self.judge_text(name, value, schemas[place][name])
        content = operation.get("requestBody", {}).get("content", {})
        form = content.get("application/x-www-form-urlencoded", {}).get("schema", {})
        given = [name for name, _ in case["form"]]
        for name in form.get("required", []):
            yield None if name in given else f"the document requires {name}"
        for name, value in case["form"]:
            if name not in form.get("properties", {}):
                yield f"the document has no parameter {name}"
                continue
            schema = self.resolve(form["properties"][name])
            schema = schema["items"] if schema.get("type") == "array" else schema
            yield from self.judge_text(name, value, schema)
        if case["status"] is not None and case["status"] < 400:
            answer = operation["responses"].get(str(case["status"]))
            yield None if answer is not None else f"the document has no answer {case['status']}"
            for kind in (answer or {}).get("content", {}).values():
                yield from self.judge_value("body", case["body"], kind["schema"])

    def resolve(self, schema):
        while "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        return schema

    def judge_text(self, name, text, schema):
        """A value as a form or an address carries it."""
        schema = self.resolve(schema)
        kind = schema.get("type")
        try:
            value = {"integer": int, "number": float}.get(kind, str)(text)
        except ValueError:
            yield f"{name} is no {kind}: {text}"
            return
        if kind == "boolean":
            yield None if text in ("true", "false") else f"{name} is no boolean: {text}"
        else:
            yield from self.judge_value(name, value, schema)

    def judge_value(self, name, value, schema):
        schema = self.resolve(schema)
        if value is None:
            # An enum of a resource is nullable though the document does not say so.
            yield None if schema.get("nullable") or "enum" in schema else f"{name} is null"
            return
        kind = schema.get("type")
        kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float)}
        if kind in kinds and (not isinstance(value, kinds[kind]) or (kind == "integer" and isinstance(value, bool))):
            yield f"{name} is no {kind}: {value!r}"
            return
        fits = (
            value in schema.get("enum", [value])
            and re.search(schema.get("pattern", ""), str(value))
            and len(str(value)) >= schema.get("minLength", 0)
            and len(str(value)) <= schema.get("maxLength", len(str(value)))
            and (not isinstance(value, int) or schema.get("minimum", value) <= value <= schema.get("maximum", value))
            and fits_format(schema.get("format"), value)
        )
        yield None if fits else f"{name} does not fit {schema}: {value!r}"
        if kind == "array":
            for item in value:
                yield from self.judge_value(f"{name}[]", item, schema["items"])
        if kind == "object" and "properties" in schema:
            for member, inner in value.items():
                # Capabilities are in capitals where numbers are for sale.
                known = schema["properties"].get(member) or schema["properties"].get(member.lower())
                if known is None and member in NEWER:
                    continue
                if known is None:
                    yield f"{name} has no member {member} in the document"
                else:
                    yield from self.judge_value(f"{name}.{member}", inner, known)


def fits_format(kind, value):
    if kind == "phone-number":
        return re.fullmatch(r"\+[1-9]\d{1,14}", value)
    if kind == "date-time-rfc-2822":
        return parsedate_tz(value) and re.fullmatch(r"\w{3}, \d{2} \w{3} \d{4} [\d:]{8} [+-]\d{4}", value)
    if kind == "uri":
        return value == "" or re.match(r"https?://[^/]+/|/2010-04-01/", value)
    if kind == "iso-country-code":
        return re.fullmatch(r"[A-Z]{2}", value)
    return True


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("FRONTDESK_ORACLE_DIR")
    if not folder:
        sys.exit("name the folder with the cases, or set FRONTDESK_ORACLE_DIR")
    document = Path(sys.argv[2]) if len(sys.argv) > 2 else DOCUMENT
    document = Document(json.loads(document.read_text(encoding="utf-8")))
    cases = [json.loads(line) for line in (Path(folder) / "twilio_rest.jsonl").read_text(encoding="utf-8").splitlines()]
    seen, passed, failures = set(), 0, set()
    for case in cases:
        name = operation(case)[0]
        if case["status"] is not None and case["status"] < 400:
            seen.add(name)
        for result in judge(case, document):
            passed += result is None
            if result:
                failures.add(f"{name}: {result}")
    failures.update(f"{name}: never seen to succeed" for name, *_ in OPERATIONS if name not in seen)
    for failure in sorted(failures):
        print(failure)
    print(f"{passed} passed, {len(failures)} failed")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
