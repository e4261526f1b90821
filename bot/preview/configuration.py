"""A repository's own configuration, `.foresail/config.yaml` of the base branch: read, checked, told in words. Pure."""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, get_args

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from bot.engine import globs
from bot.model.changes import Permission
from bot.model.commands import LEAST, Verb
from bot.model.dangers import Severity
from bot.preview.handwritten import composed, constructed, line_of, why_unreadable

FILE: Final = ".foresail/config.yaml"
_MOST: Final = 5
"""Problems that are told at once."""
_MOST_TEAMS: Final = 10
"""Teams of one rule: each is asked for when somebody gives the command whom the rule does not name."""
_LONGEST_GLOB: Final = 1024
_GUARDS: Final = re.compile(rb"""(?:^|[{,\s"'])(sync|holds|commands|approval)["']?\s*:""", re.MULTILINE)


def _glob(pattern: str) -> str:
    globs.compiled(pattern, separator="/", longest=_LONGEST_GLOB)
    return pattern


Glob = Annotated[str, Field(min_length=1, max_length=_LONGEST_GLOB), AfterValidator(_glob)]
Person = Annotated[str, Field(pattern=r"^@[A-Za-z0-9][A-Za-z0-9._/-]{0,200}[A-Za-z0-9]$")]
"""A person or a team as the forge writes them: `@ana`, `@acme/platform`."""


def _moment(value: Any) -> Any:
    """Take a day and a text for a moment, as YAML makes either of what is written alike."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if not isinstance(value, datetime):
        return value
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("it is outside of all calendars in UTC") from error


Moment = Annotated[datetime, BeforeValidator(_moment)]
Member = Annotated[
    str, Field(pattern=r"^@[A-Za-z0-9_.][A-Za-z0-9._-]{0,254}(?:/[A-Za-z0-9_.][A-Za-z0-9._-]{0,254}){0,20}$")
]
"""A person or a team as the forge writes them: `@ana`, on GitLab also `@_ana`; `@acme/platform`."""
Label = Annotated[str, Field(min_length=1, max_length=100)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


class Labels(_Part):
    """Labels of a change that decide about its preview."""

    skip: list[Label] = Field(default=[], max_length=50)
    """A change with one of these is not previewed, and its status is green and says why."""
    require: list[Label] = Field(default=[], max_length=50)
    """Only a change with one of these is previewed; the status of others is pending and says what it waits for."""


class Reviewers(_Part):
    """Who is asked to review a change in which there is a danger (docs/dangers.md)."""

    caution: list[Person] = Field(default=[], max_length=20)
    """Where data, service or the hold on who may do what can be lost."""
    warning: list[Person] = Field(default=[], max_length=20)
    """Where something is likely not what was meant, or harmful later."""
    approval: Literal["never", "caution", "warning"] = "never"
    """From which severity on the status waits until one of them approves of the commit; anybody who may write where
    nobody is named."""


class Comments(_Part):
    """What comments look like."""

    collapse: bool = False
    """Whether every difference is folded, also where there are few."""
    budget: int | None = Field(default=None, ge=8_192, le=65_536)
    """Bytes that one comment may have, if that is less than the operator has set."""
    drift: bool = True
    """Whether drift is shown; else it is only counted, and applications with nothing else are not listed."""
    images: bool = True
    """Whether there is a table of the images that become others."""


class Applications(_Part):
    """Which applications changes are previewed in, by globs of their names."""

    only: list[Glob] = Field(default=[], max_length=200)
    """If there are any: only those that one of these fits."""
    ignore: list[Glob] = Field(default=[], max_length=200)
    """Not those that one of these fits. A comment names what is left out."""


class When(StrEnum):
    """When a commit is synced. A key `on` would be no text: YAML takes it for a truth."""

    MERGE = "merge"
    COMMAND = "command"


class Sync(_Part):
    """When what was merged is synced, where that happens by itself."""

    when: When = Field(default=When.MERGE, strict=False)
    """`merge`: at once; `command`: when somebody asks for it in a comment (docs/commands.md)."""
    applications: list[Glob] = Field(default=["*"], max_length=200)
    """Globs of the names of the applications that `when` is about; the others are synced at once."""


class ConfiguredHold(_Part):
    """Applications that nothing merged is synced to by itself for now."""

    applications: list[Glob] = Field(default=["*"], min_length=1, max_length=200)
    """Globs of their names."""
    until: Moment | None = None
    """When that ends, `2026-12-27T08:00:00Z`; without it: when this is taken out of the file."""
    why: str = Field(min_length=1, max_length=200)
    """What people are told."""


class Updates(_Part):
    """Changes for newer images and charts that Foresail opens itself (docs/updates.md)."""

    automerge: Literal["never", "routine"] = "never"
    """`routine`: they are merged once everything is green and the preview says that only versions move."""


class Rule(_Part):
    """Who may give a command, of those whom the forge lets (docs/commands.md)."""

    least: Literal["triage", "write", "maintain", "admin"] | None = None
    """What they must be allowed on the forge: where that is more than it takes."""
    people: list[Member] = Field(default=[], max_length=100)
    """People and up to ten teams who may in any case; without `least`: nobody else. Teams are looked up each time."""

    @field_validator("people")
    @classmethod
    def _has_few_teams(cls, people: list[str]) -> list[str]:
        if sum("/" in one for one in people) > _MOST_TEAMS:
            raise ValueError(f"at most {_MOST_TEAMS} of them can be teams, as each is looked up on the forge")
        return people


class Commands(_Part):
    """Who may give which command, of those whom the forge lets."""

    preview: Rule = Rule()
    diff: Rule = Rule()
    explain: Rule = Rule()
    approve: Rule = Rule()
    sync: Rule = Rule()
    hold: Rule = Rule()
    release: Rule = Rule()
    cancel: Rule = Rule()
    retry: Rule = Rule()
    rollback: Rule = Rule()


class Forks(_Part):
    """Changes from forks, of which nothing is rendered until somebody has approved the commit (docs/commands.md)."""

    label: Label | None = None
    """A label by which somebody who may write approves the commit that is the head when they set it."""


class Configuration(_Part):
    """What `.foresail/config.yaml` of the base branch may say."""

    ignore: list[Glob] = Field(default=[], max_length=200)
    """Files that no preview is about: a change that touches nothing else is not previewed. `**` crosses folders."""
    drafts: bool = True
    """Whether drafts are previewed; else their status is pending until they are ready for review."""
    labels: Labels = Labels()
    """Labels of a change that decide about its preview."""
    reviewers: Reviewers = Reviewers()
    """Who is asked to review a change in which there is a danger."""
    comments: Comments = Comments()
    """What comments look like."""
    applications: Applications = Applications()
    """Which applications changes are previewed in, by globs of their names."""
    sync: Sync = Sync()
    """When what was merged is synced, where that happens by itself."""
    holds: list[ConfiguredHold] = Field(default=[], max_length=50)
    """Applications that nothing merged is synced to by itself for now."""
    commands: Commands = Commands()
    """Who may give which command, of those whom the forge lets."""
    forks: Forks = Forks()
    """Changes from forks."""
    updates: Updates = Updates()
    """Changes for newer images and charts that Foresail opens itself."""


DEFAULTS: Final = Configuration()
_NO_RULE: Final = Rule()


@dataclass(frozen=True, slots=True)
class Read:
    """A configuration, and what is wrong with the file; where anything is, the configuration is the default one."""

    configuration: Configuration
    problems: tuple[str, ...] = ()
    """Each with its line, and what to do."""
    guards: bool = False
    """Whether the file, wrong as it may be, says something of when commits are synced: nobody knows what then."""
    rules: bool = False
    """The same of who may give commands."""
    approvals: bool = False
    """The same of who has to approve."""


@lru_cache(maxsize=8)
def read(text: bytes | None) -> Read:
    """Read the file; None: there is none. What is read is never changed: who reads the same gets the very same."""
    if text is None:
        return Read(DEFAULTS)
    node: yaml.Node | None = None
    left = 0
    try:
        node = composed(text)
        said = None if node is None else constructed(node)
        return Read(DEFAULTS if said is None else Configuration.model_validate(said))
    except ValidationError as error:
        every = error.errors(include_url=False, include_input=False)
        # To find the line of one takes a look at each key: of thousands only those are looked for that are told.
        found, left = [_problem(one, node) for one in every[:_MOST]], len(every) - _MOST
    except yaml.YAMLError as error:
        found = [why_unreadable(error)]
    except (ValueError, RecursionError) as error:
        found = [str(error) or "it is nested too deep"]
    more = [f"and {left} more"] if left > 0 else []
    said = {word.decode() for word in _GUARDS.findall(text)}
    guards, rules = not said.isdisjoint({"sync", "holds"}), "commands" in said
    return Read(DEFAULTS, (*found, *more), guards=guards, rules=rules, approvals="approval" in said)


def approving_label(said: Iterable[Read], labels: Iterable[str]) -> str:
    """Return the label of a change that approves its head, where all of these configurations name it; else nothing."""
    named = {one.configuration.forks.label for one in said}
    label = named.pop() if len(named) == 1 else None
    return label if label and label.lower() in {one.lower() for one in labels} else ""


def reviewers(configuration: Configuration, severities: Collection[Severity]) -> tuple[str, ...]:
    """Return whom a change with dangers of these severities asks to look."""
    wanted = {Severity.CAUTION: configuration.reviewers.caution, Severity.WARNING: configuration.reviewers.warning}
    return tuple(dict.fromkeys(one for severity, people in wanted.items() if severity in severities for one in people))


def is_previewed(configuration: Configuration, application: str) -> bool:
    """Whether changes are previewed in an application."""
    wanted = configuration.applications
    return (not wanted.only or _fits(wanted.only, application)) and not _fits(wanted.ignore, application)


def is_automated(found: Read, application: str, *, now: float) -> bool:
    """Whether what is merged is synced to an application by itself; `now` in Unix seconds."""
    return not why_waits(found, application, now=now, command="")


def why_waits(found: Read, application: str, *, now: float, command: str) -> str:
    """Return why what is merged waits in an application, empty where it does not.

    `command` is what a person writes to have it synced; `now` in Unix seconds.
    """
    person, configuration = f"waits for a person to write {command}", found.configuration
    if found.problems and found.guards:
        return f"{person}, as {FILE} cannot be used: {found.problems[0]}"
    for hold in configuration.holds:
        ends = math.inf if hold.until is None else hold.until.timestamp()
        if now < ends and _fits(hold.applications, application):
            until = "" if hold.until is None else f" until {hold.until:%Y-%m-%d %H:%M} UTC"
            return f"held by {FILE}{until}: {' '.join(hold.why.split())}"
    if configuration.sync.when is When.COMMAND and _fits(configuration.sync.applications, application):
        return f"{person}, as {FILE} says"
    return ""


def teams(found: Read, verb: Verb) -> tuple[str, ...]:
    """Return the teams who may give a command in any case, without the sign before them."""
    rule: Rule = getattr(found.configuration.commands, verb, _NO_RULE)
    return tuple(one[1:] for one in rule.people if "/" in one)


def why_not_asked(found: Read, verb: Verb, *, author: str, allowed: Permission) -> str:
    """Return why a command is not taken from somebody whom the forge lets give it, empty where it is.

    It is, too, where they are in one of the `teams`.
    """
    if found.problems and found.rules and LEAST[verb].includes(Permission.WRITE):
        return f"{FILE} says something of commands and cannot be used: {found.problems[0]}"
    rule: Rule = getattr(found.configuration.commands, verb, _NO_RULE)
    if rule == _NO_RULE or author.lower() in {one[1:].lower() for one in rule.people}:
        return ""
    if rule.least is None:
        return f"{verb} is only taken from those whom {FILE} names"
    if allowed.includes(Permission(rule.least)):
        return ""
    return f"{verb} takes the permission {rule.least}, as {FILE} says, and {author} has {allowed}"


def json_schema() -> str:
    """Return the JSON Schema that editors check the file by, as it is published in `docs/configuration.schema.json`."""
    schema = Configuration.model_json_schema()
    named = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Foresail: .foresail/config.yaml"}
    return json.dumps({**schema, **named}, indent=2) + "\n"


def why_not(
    configuration: Configuration, *, draft: bool, labels: Iterable[str], paths: Iterable[str]
) -> tuple[str, bool] | None:
    """Return why a change is not previewed, and whether that keeps it from being merged; None: it is previewed.

    `paths` is only looked at when the rest says nothing.
    """
    present = {label.lower() for label in labels}
    if draft and not configuration.drafts:
        return "a draft: previewed as soon as it is ready for review", True
    if skipped := next((one for one in configuration.labels.skip if one.lower() in present), None):
        return f"not previewed, as its label {skipped} says", False
    required = configuration.labels.require
    if required and present.isdisjoint(one.lower() for one in required):
        return f"previewed as soon as it has the label {' or '.join(required)}", True
    if configuration.ignore and all(_is_ignored(configuration, path) for path in paths):
        return f"not previewed: {FILE} ignores all files that it changes", False
    return None


def _is_ignored(configuration: Configuration, path: str) -> bool:
    return _fits(configuration.ignore, path)


def _fits(patterns: Iterable[str], text: str) -> bool:
    compiled = (globs.compiled(one, separator="/", longest=_LONGEST_GLOB) for one in patterns)
    return any(pattern.fullmatch(text) for pattern in compiled)


def _problem(error: Any, node: yaml.Node | None) -> str:
    way = error["loc"]
    name = ".".join(map(str, way)) or "the file"
    line = f"line {line_of(way, node)}: "
    if error["type"] == "extra_forbidden":
        known = sorted(_keys(way[:-1]))
        nearest = difflib.get_close_matches(str(way[-1]), known, n=1, cutoff=0.5)
        remedy = f"did you mean {nearest[0]}?" if nearest else f"there are {', '.join(known)}"
        return f"{line}there is no key {name}; {remedy}"
    words = str(error["msg"]).removeprefix("Value error, ")
    return f"{line}{name}: {words[:1].lower()}{words[1:]}"


def _keys(way: Iterable[str | int]) -> Iterator[str]:
    model: Any = Configuration
    for step in way:
        model = parts[0] if (parts := get_args(model)) else model.model_fields[step].annotation
    yield from model.model_fields
