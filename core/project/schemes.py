"""The label sets of a project: added, edited and removed as commands."""

from __future__ import annotations

import json
from collections.abc import Mapping

from core.errors import ProjectError
from core.project.store import Store
from core.schemes import Scheme


def schemes_of(store: Store) -> dict[int, Scheme]:
    """All label sets by their number, in the order in which they were added."""
    rows = store.rows("SELECT id, data FROM schemes ORDER BY id")
    return {number: Scheme.from_json(json.loads(data)) for number, data in rows}


def scheme_number(store: Store, name: str) -> int:
    """The number of a label set.

    Raises:
        ProjectError: the project has none of that name.
    """
    number = store.value("SELECT id FROM schemes WHERE name = ?", (name,))
    if number is None:
        known = ", ".join(scheme.id for scheme in schemes_of(store).values())
        raise ProjectError(f"The project has no scheme {name!r}. It has: {known}.")
    return int(number)


def add_scheme(store: Store, scheme: Scheme) -> int:
    """Add a label set; its number.

    Raises:
        ProjectError: there is one of that name.
    """
    if store.value("SELECT 1 FROM schemes WHERE name = ?", (scheme.id,)):
        raise ProjectError(f"The project has a scheme {scheme.id!r} already.")
    with store.command(f"Add the scheme {scheme.title}") as connection:
        values = (scheme.id, json.dumps(scheme.to_json(), ensure_ascii=False))
        return int(connection.execute("INSERT INTO schemes (name, data) VALUES (?, ?)", values).lastrowid or 0)


def edit_scheme(store: Store, number: int, scheme: Scheme, renamed: Mapping[str, str] | None = None) -> None:
    """Change a label set, and with it the labels that were given.

    Args:
        store: the project.
        number: of the label set.
        scheme: as it shall be.
        renamed: old name of a label to its new one.

    Raises:
        ProjectError: a label that is left out has been given to clips.
    """
    renamed = renamed or {}
    used = store.rows(
        "SELECT label, count(*) FROM annotations WHERE scheme = ? AND label NOT NULL GROUP BY label", (number,)
    )
    for label, count in used:
        if renamed.get(label, label) not in scheme.names:
            raise ProjectError(f"{label!r} has been given {count} times: relabel those clips first, or rename it.")
    with store.command(f"Edit the scheme {scheme.title}") as connection:
        values = (scheme.id, json.dumps(scheme.to_json(), ensure_ascii=False), number)
        connection.execute("UPDATE schemes SET name = ?, data = ? WHERE id = ?", values)
        cases = [(label, renamed[label]) for label, _ in used if renamed.get(label, label) != label]
        if cases:  # all at once: two labels may change places
            whens = " ".join("WHEN ? THEN ?" for _ in cases)
            marks = ", ".join("?" for _ in cases)
            connection.execute(
                f"UPDATE annotations SET label = CASE label {whens} END WHERE scheme = ? AND label IN ({marks})",
                [*(text for case in cases for text in case), number, *(old for old, _ in cases)],
            )


def remove_scheme(store: Store, number: int) -> None:
    """Remove a label set with all that was said under it.

    Raises:
        ProjectError: it is the last one.
    """
    schemes = schemes_of(store)
    if len(schemes) < 2:
        raise ProjectError("A project needs a scheme: add another one first.")
    with store.command(f"Remove the scheme {schemes[number].title}") as connection:
        connection.execute("DELETE FROM schemes WHERE id = ?", (number,))
