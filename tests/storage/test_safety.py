"""What people said of their safety, counted: the last word of each counts."""

from datetime import timedelta

from storage.database import Database
from storage.safety import SafetyAnswer, SafetyReport, answers_to, keep_report, safe_by_district
from tests.builders import NOW, citizen, released


def test_the_last_word_of_each_counts(database: Database) -> None:
    with database.write() as session:
        broadcast = released(session)
        answers: dict[str, list[tuple[str, str | None]]] = {
            "sim-1": [("need_help", "5709"), ("safe", "570906")],
            "sim-2": [("safe", "5709"), ("need_help", None)],
            "sim-3": [("safe", None)],
        }
        for address, said in answers.items():
            contact, person = citizen(session, address)
            for minutes, (answer, place) in enumerate(said):
                report = SafetyReport(
                    contact_id=contact.id or 0,
                    person_id=person.id or 0,
                    broadcast_id=broadcast.id,
                    answer=SafetyAnswer(answer),
                    place=place,
                    at=NOW + timedelta(minutes=minutes),
                )
                keep_report(session, report)
        assert answers_to(session, broadcast.id or 0) == {"safe": 2, "need_help": 1}
        assert answers_to(session, 99) == {"safe": 0, "need_help": 0}
        assert safe_by_district(session, NOW) == {"5709": 1, "": 1}
        assert safe_by_district(session, NOW + timedelta(minutes=1)) == {"5709": 1}
