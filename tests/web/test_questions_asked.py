"""Support asks, the practice answers in its portal, and no mail holds anything about a person."""

from __future__ import annotations

import re

from hub.store import schema
from tests.web.consoles import NL, OTHER_PRACTICE, PRACTICE, Console


def _claim(console: Console, practice: str) -> str:
    table = schema.claim
    return str(console.rows(NL, table, table.c.provider_code == practice, table.c.kind == "debit")[0]["ref"])


def test_a_question_goes_to_the_practice_and_its_answer_to_support(console: Console) -> None:
    support, person = console.login("support"), console.login("provider", "NL", PRACTICE)
    ref = _claim(console, PRACTICE)
    asked = support.send("/questions/ask", {"claim": ref, "words": "Is 999903883 verhuisd? Vraag het na."})
    assert asked.status_code == 200
    (row,) = console.rows(NL, schema.question)
    assert "999903883" not in row["words"]
    (mail,) = [one for one in console.rows(NL, schema.notification) if one["key"].startswith("question:")]
    assert f"/practice/questions/{row['id']}" in mail["body"]
    assert "verhuisd" not in mail["body"] + mail["subject"]
    assert ref not in mail["body"] + mail["subject"]
    assert "verhuisd" in person.see(f"/practice/questions/{row['id']}")
    assert "1 vragen" in person.see("/practice") or "1" in person.see("/practice")
    assert person.send(f"/practice/questions/{row['id']}", {"words": "  "}).status_code == 422
    assert person.send(f"/practice/questions/{row['id']}", {"words": "Ja, 999903883 is verhuisd."}).status_code == 200
    (row,) = console.rows(NL, schema.question)
    assert row["state"] == "answered"
    assert "999903883" not in row["answer"]
    assert "is verhuisd" in support.see("/questions")
    open_tasks = console.rows(NL, schema.task, schema.task.c.key == f"question:{row['id']}")
    assert [one["state"] for one in open_tasks] == ["open"]
    assert support.send(f"/questions/{row['id']}/close").status_code == 200
    open_tasks = console.rows(NL, schema.task, schema.task.c.key == f"question:{row['id']}")
    assert [one["state"] for one in open_tasks] == ["done"]
    late = person.send(f"/practice/questions/{row['id']}", {"words": "Nog iets"})
    assert late.status_code == 409


def test_a_question_about_a_row_names_its_line(console: Console) -> None:
    support = console.login("support")
    held = console.rows(NL, schema.declaration_row, schema.declaration_row.c.outcome == "hold")[0]
    assert str(held["line"]) in support.see(f"/questions/ask?row={held['id']}")
    assert support.send("/questions/ask", {"row": held["id"], "words": "Wie is de verzekeraar?"}).status_code == 200
    (row,) = console.rows(NL, schema.question)
    assert (row["line"], row["declaration_id"]) == (held["line"], held["declaration_id"])
    person = console.login("provider", "NL", _practice_of(console, row["organisation_id"]))
    assert "Wie is de verzekeraar" in person.see(f"/practice/questions/{row['id']}")


def _practice_of(console: Console, organisation_id: str) -> str:
    return str(console.rows(NL, schema.organisation, schema.organisation.c.id == organisation_id)[0]["code"])


def test_another_practices_question_is_not_there(console: Console) -> None:
    support = console.login("support")
    support.send("/questions/ask", {"claim": _claim(console, OTHER_PRACTICE), "words": "Klopt de datum?"})
    (row,) = console.rows(NL, schema.question)
    person = console.login("provider", "NL", PRACTICE)
    assert person.get(f"/practice/questions/{row['id']}").status_code == 404
    assert person.send(f"/practice/questions/{row['id']}", {"words": "Ja"}).status_code == 404
    assert "Klopt de datum" not in person.see("/practice/questions")
    assert person.get("/questions").status_code == 404
    (row,) = console.rows(NL, schema.question)
    assert row["state"] == "asked"


def test_a_question_about_nothing_is_not_asked(console: Console) -> None:
    support = console.login("support")
    assert support.send("/questions/ask", {"claim": "R999999999", "words": "Wat is dit?"}).status_code == 422
    assert support.send("/questions/ask", {"claim": _claim(console, PRACTICE), "words": ""}).status_code == 422
    assert support.get("/questions/ask?row=nothing").status_code == 404
    assert console.rows(NL, schema.question) == []
    assert re.search(r"<textarea", support.see(f"/questions/ask?claim={_claim(console, PRACTICE)}"))
