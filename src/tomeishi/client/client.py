"""REST from Python: one method for each verb, lists that fetch their pages by themselves.

    with Client("https://registry.example", key="tomeishi_…") as client:
        screening = client.screen("clip.mp4", provider="acme")
        for match in client.matches(state="open"):
            print(match.title, match.band)

Nothing is tried again by itself: give `repeat` (an Idempotency-Key) and call again.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import httpx

from tomeishi.client.shapes import (
    Audit,
    Consent,
    EvidencePackage,
    Exclusion,
    Match,
    Member,
    Operation,
    Reference,
    Screening,
    Verification,
    Work,
    read,
)

Shape = TypeVar("Shape")

TIMEOUT_S = 60.0
POLL_S = 0.5


class Problem(Exception):
    """The server refused: a problem document (RFC 9457)."""

    def __init__(self, status: int, title: str, detail: str, errors: list[dict[str, Any]]) -> None:
        super().__init__(detail or title)
        self.status = status
        self.title = title
        self.detail = detail
        self.errors = errors
        """What is wrong with the request, each with a JSON pointer or the name of a parameter."""


class Client:
    """Of one server, with one key; safe to share between threads."""

    def __init__(self, address: str, key: str, *, timeout_s: float = TIMEOUT_S) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self._http = httpx.Client(base_url=f"{address.rstrip('/')}/v1", headers=headers, timeout=timeout_s)

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def me(self) -> dict[str, Any]:
        """Whose key it is, and what it may do."""
        return self._json("GET", "/me")

    def members(self) -> list[Member]:
        return [read(Member, each) for each in self._json("GET", "/members")["members"]]

    def add_member(self, name: str, *, repeat: str | None = None) -> Member:
        return read(Member, self._json("POST", "/members", json={"name": name}, repeat=repeat))

    def works(self, *, member: str | None = None) -> Iterator[Work]:
        """The newest first."""
        yield from self._pages(Work, "/works", "works", {"member": member})

    def work(self, work_id: str) -> Work:
        return read(Work, self._json("GET", f"/works/{work_id}"))

    def find_works(self, text: str) -> list[dict[str, Any]]:
        """Works and characters by any part of any name."""
        found: list[dict[str, Any]] = self._json("GET", "/works:search", params={"q": text})["found"]
        return found

    def add_work(
        self,
        member: str,
        title: str,
        *,
        reading: str | None = None,
        aliases: Sequence[str] = (),
        language: str | None = None,
        repeat: str | None = None,
    ) -> Work:
        """`member` is an id."""
        words = {"member": member, "title": title, "reading": reading, "aliases": list(aliases), "language": language}
        return read(Work, self._json("POST", "/works", json=words, repeat=repeat))

    def add_character(self, work_id: str, name: str, *, aliases: Sequence[str] = ()) -> dict[str, Any]:
        return self._json("POST", f"/works/{work_id}/characters", json={"name": name, "aliases": list(aliases)})

    def add_drawings(
        self,
        work_id: str,
        character_id: str,
        reference_id: str,
        *,
        time: float | None = None,
        box: Sequence[float] | None = None,
        look: str | None = None,
    ) -> dict[str, Any]:
        """Enrol what a reference shows: its `drawings`, `separability`, and what to look at. `box` in shares."""
        words = {"reference": reference_id, "time": time, "box": None if box is None else list(box), "look": look}
        return self._json("POST", f"/works/{work_id}/characters/{character_id}/drawings", json=words)

    def references(self, work_id: str) -> list[Reference]:
        return [read(Reference, each) for each in self._json("GET", f"/works/{work_id}/references")["references"]]

    def add_reference(self, work_id: str, file: str | Path, *, repeat: str | None = None) -> Operation:
        """Its result names the reference, once `wait_for` hands it back."""
        return read(Operation, self._send(f"/works/{work_id}/references", Path(file), {}, {}, repeat))

    def import_works(self, sheet: str | Path, *, partial: bool = False, repeat: str | None = None) -> Operation:
        params = {"partial": partial}
        return read(Operation, self._send("/imports", Path(sheet), {}, params, repeat))

    def preview_import(self, sheet: str | Path) -> dict[str, Any]:
        """What importing the sheet would do, with the errors by row."""
        return self._send("/imports", Path(sheet), {}, {"dry_run": True}, None)

    def check_consents(self, questions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The ledger's answers, in the order of the questions; `{"error": …}` for one that can't be answered."""
        words = {"questions": [dict(each) for each in questions]}
        answers: list[dict[str, Any]] = self._json("POST", "/consents:check", json=words)["answers"]
        return answers

    def consents(self, work_id: str) -> list[Consent]:
        return [read(Consent, each) for each in self._json("GET", "/consents", params={"work": work_id})["consents"]]

    def state_consent(self, words: Mapping[str, Any], *, repeat: str | None = None) -> Consent:
        """A grant or reservation on the member's word; `words` as the documentation of `POST /consents` has them."""
        return read(Consent, self._json("POST", "/consents", json=dict(words), repeat=repeat))

    def record_consent(self, entry: str, *, repeat: str | None = None) -> Consent:
        """An entry that the member signed where it works."""
        return read(Consent, self._json("POST", "/consents:record", json={"entry": entry}, repeat=repeat))

    def revoke_consent(self, entry_id: str, *, note: str = "", repeat: str | None = None) -> Consent:
        return read(Consent, self._json("POST", f"/consents/{entry_id}:revoke", json={"note": note}, repeat=repeat))

    def screen(
        self,
        file: str | Path,
        *,
        provider: str | None = None,
        model: str | None = None,
        use: str | None = None,
        style: bool = False,
        repeat: str | None = None,
    ) -> Screening:
        """Screen a clip or picture, and wait for the answer; with `style` works are ranked by their whole look too."""
        fields = {"provider": provider, "model": model, "use": use, "style": "true" if style else None}
        return read(Screening, self._send("/screenings", Path(file), fields, {"wait": True}, repeat))

    def begin_screening(
        self,
        file: str | Path,
        *,
        provider: str | None = None,
        model: str | None = None,
        use: str | None = None,
        style: bool = False,
        repeat: str | None = None,
    ) -> Operation:
        """The same as an operation; its result names the screening."""
        fields = {"provider": provider, "model": model, "use": use, "style": "true" if style else None}
        return read(Operation, self._send("/screenings", Path(file), fields, {}, repeat))

    def screen_prompt(
        self, prompt: str, *, provider: str | None = None, model: str | None = None, use: str | None = None
    ) -> Screening:
        words = {"prompt": prompt, "provider": provider, "model": model, "use": use}
        return read(Screening, self._json("POST", "/screenings", json=words, params={"wait": True}))

    def screening(self, screening_id: str) -> Screening:
        return read(Screening, self._json("GET", f"/screenings/{screening_id}"))

    def screenings(self) -> Iterator[Screening]:
        """The newest first."""
        yield from self._pages(Screening, "/screenings", "screenings", {})

    def matches(
        self,
        *,
        state: str | None = None,
        band: str | None = None,
        work: str | None = None,
        provider: str | None = None,
        screening: str | None = None,
        order: str = "surest",
    ) -> Iterator[Match]:
        """Open ones where no state is named."""
        wanted = {"state": state, "band": band, "work": work, "provider": provider, "screening": screening}
        yield from self._pages(Match, "/matches", "matches", {**wanted, "order": order})

    def match(self, match_id: str) -> Match:
        return read(Match, self._json("GET", f"/matches/{match_id}"))

    def confirm(self, match: Match, points: Sequence[str], *, note: str = "", repeat: str | None = None) -> Match:
        """They do resemble each other; refused (412) if somebody decided since `match` was read."""
        return self._decide(match, "confirm", {"points": list(points), "note": note}, repeat)

    def dismiss(
        self,
        match: Match,
        reason: str,
        *,
        exclude: tuple[float, float] | None = None,
        note: str = "",
        repeat: str | None = None,
    ) -> Match:
        """Put aside; `exclude` is a stretch of the reference that never counts from now on."""
        stretch = None if exclude is None else {"start": exclude[0], "end": exclude[1]}
        return self._decide(match, "dismiss", {"reason": reason, "exclude": stretch, "note": note}, repeat)

    def hold(self, match: Match, *, note: str = "", repeat: str | None = None) -> Match:
        return self._decide(match, "hold", {"note": note}, repeat)

    def reopen(self, match: Match, *, note: str = "", repeat: str | None = None) -> Match:
        return self._decide(match, "reopen", {"note": note}, repeat)

    def exclusions(self, reference_id: str) -> list[Exclusion]:
        found = self._json("GET", "/exclusions", params={"reference": reference_id})["exclusions"]
        return [read(Exclusion, each) for each in found]

    def exclude(self, reference_id: str, start: float, end: float, reason: str) -> Exclusion:
        words = {"reference": reference_id, "start": start, "end": end, "reason": reason}
        return read(Exclusion, self._json("POST", "/exclusions", json=words))

    def take_back_exclusion(self, exclusion_id: str) -> Exclusion:
        return read(Exclusion, self._json("DELETE", f"/exclusions/{exclusion_id}"))

    def pack(self, screening_id: str, *, source_url: str | None = None, repeat: str | None = None) -> Operation:
        """Seal what is found in a kept query; the result of the operation names the package."""
        words = {"screening": screening_id, "source_url": source_url}
        return read(Operation, self._json("POST", "/evidence-packages", json=words, repeat=repeat))

    def packages(self) -> Iterator[EvidencePackage]:
        """The newest first."""
        yield from self._pages(EvidencePackage, "/evidence-packages", "evidence_packages", {})

    def download(self, package_id: str, to: str | Path) -> Path:
        """The sealed file, streamed to a new file `to`."""
        path = Path(to)
        with self._http.stream("GET", f"/evidence-packages/{package_id}/file") as answer, path.open("xb") as file:
            if answer.is_error:
                answer.read()
                raise _problem(answer)
            for piece in answer.iter_bytes():
                file.write(piece)
        return path

    def verify(self, package: str | Path) -> Verification:
        """Check a package against the installation's key."""
        return read(Verification, self._send("/evidence-packages:verify", Path(package), {}, {}, None))

    def datasets(self) -> list[str]:
        """Names of the data sets that may be audited."""
        return [each["name"] for each in self._json("GET", "/datasets")["datasets"]]

    def begin_audit(
        self,
        dataset: str,
        *,
        provider: str | None = None,
        model: str | None = None,
        use: str = "train",
        checks: Sequence[str] | None = None,
        repeat: str | None = None,
    ) -> Operation:
        """Audit an offered data set; the result of the operation names the audit."""
        words = {"dataset": dataset, "provider": provider, "model": model, "use": use}
        chosen = {} if checks is None else {"checks": list(checks)}
        return read(Operation, self._json("POST", "/audits", json=words | chosen, repeat=repeat))

    def audit(self, audit_id: str) -> Audit:
        return read(Audit, self._json("GET", f"/audits/{audit_id}"))

    def audits(self) -> Iterator[Audit]:
        yield from self._pages(Audit, "/audits", "audits", {})

    def operation(self, operation_id: str) -> Operation:
        return read(Operation, self._json("GET", f"/operations/{operation_id}"))

    def wait_for(self, operation: Operation, *, timeout_s: float = 600.0) -> Operation:
        """The operation once it has ended, however it ended; TimeoutError if it does not in time."""
        until = time.monotonic() + timeout_s
        while not operation.has_ended:
            if time.monotonic() > until:
                raise TimeoutError(f"{operation.id} has not ended after {timeout_s:.0f} s")
            time.sleep(POLL_S)
            operation = self.operation(operation.id)
        return operation

    def _decide(self, match: Match, verb: str, words: dict[str, Any], repeat: str | None) -> Match:
        headers = {"If-Match": f'"{match.version}"'}
        return read(
            Match, self._json("POST", f"/matches/{match.id}:{verb}", json=words, repeat=repeat, headers=headers)
        )

    def _send(
        self, path: str, file: Path, fields: Mapping[str, str | None], params: Mapping[str, bool], repeat: str | None
    ) -> dict[str, Any]:
        data = {name: value for name, value in fields.items() if value is not None}
        with file.open("rb") as opened:
            return self._json(
                "POST", path, data=data, files={"file": (file.name, opened)}, params=params, repeat=repeat
            )

    def _pages(self, shape: type[Shape], path: str, name: str, params: Mapping[str, Any]) -> Iterator[Shape]:
        token = ""
        while True:
            page = self._json("GET", path, params={**params, "page_token": token or None})
            yield from (read(shape, each) for each in page[name])
            token = page["next_page_token"]
            if not token:
                return

    def _json(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        data: Mapping[str, Any] | None = None,
        files: Any = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        repeat: str | None = None,
    ) -> dict[str, Any]:
        sent = dict(headers or {}) | ({"Idempotency-Key": repeat} if repeat is not None else {})
        asked = {name: value for name, value in (params or {}).items() if value is not None}
        answer = self._http.request(method, path, json=json, data=data, files=files, params=asked, headers=sent)
        if answer.is_error:
            raise _problem(answer)
        words: dict[str, Any] = answer.json()
        return words


def _problem(answer: httpx.Response) -> Problem:
    try:
        words = answer.json()
    except ValueError:
        words = {}
    return Problem(
        answer.status_code, words.get("title", answer.reason_phrase), words.get("detail", ""), words.get("errors", [])
    )
