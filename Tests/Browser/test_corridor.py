# Copyright 2026 The Kheya authors.
# SPDX-License-Identifier: Apache-2.0
"""The journeys of shelter, NGO, night desk and auditor in each language, on a desk and on a phone: one case each, from its first
question to her stop. Words are read from the files that the page itself reads, so no sentence stands here."""

import datetime
import json
import re
import sys
import time
import unittest

from selenium.common.exceptions import WebDriverException
from selenium.webdriver.support.wait import WebDriverWait

import test_pages
from kheya_browser import axe_source
from kheya_world import ROOT

RUNS = [("en", 1280), ("bn", 320), ("hi", 1280), ("en", 320), ("bn", 1280), ("hi", 320)]


def texts(path):
    return json.loads((ROOT / path).read_text())


WORDS = {language: texts(f"Sources/WebInterface/Resources/words-{language}.json") for language in ["en", "bn", "hi"]}
LABELS = {language: texts(f"Protocols/Profiles/in-bd-repatriation/labels-{language}.json")["labels"] for language in WORDS}
SENTENCES = {language: texts(f"Sources/Letters/Words/words-{language}.json")["words"] for language in WORDS}

OFFER = {
    "victim_status": "actual", "status_decided_by": "police", "held_as": "protected", "age_band": "18-24", "gender": "woman",
    "languages": "bn", "child_branch": "child", "proceedings": "none", "urgency": "normal", "needs": "none", "offer_expires": 30,
}
CONSENT = {
    "code": "C1", "consent_ref": "new", "recipient": "bd:nadipar", "valid_from": 0, "valid_until": 90, "given_by": "cwc_with_assent",
    "assent": "given", "purpose": "preview", "data_classes": ["needs", "legal"], "understands_checked": "said_back", "language": "bn",
    "read_to_her": "yes", "interpreter": "not_needed", "witness_role": "counsellor", "medium": "thumbprint", "withdraw_how": "both",
    "copy_given": "yes", "complaint_contact_given": "yes", "taken_by": "mine",
}


def reply(person, value):
    """Answers the question that stands there; `None` leaves it empty."""
    if isinstance(value, int):
        day = datetime.date.today() + datetime.timedelta(days=value)
        person.fill(day=str(day.day), month=str(day.month), year=str(day.year))
    elif value is not None:
        for one in value if isinstance(value, list) else [value]:
            person.find(f"form[data-draft] [value='{one}']").click()
    person.press("main form.card .button.main")


class Corridor(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if test_pages.world is None:
            test_pages.setUpModule()
            cls.addClassCleanup(test_pages.tearDownModule)
        cls.axe = axe_source()

    def check(self, person, name):
        """What holds on every page: its language, no violation, nothing beyond the window, digits of the language."""
        self.assertEqual(person.find("html").get_attribute("lang"), self.language, name)
        self.assertEqual(person.axe(self.axe), [], name)
        self.assertLessEqual(person.overflow(), 0, name)
        if not SENTENCES[self.language]["number.digits"].startswith("0"):
            for element in person.all(".since, .hint, .late"):
                self.assertIsNone(re.search(r"(?<![A-Za-z0-9-])[0-9](?![A-Za-z0-9-]*[A-Za-z])", element.text), f"{name}: {element.text}")
        person.shot(f"corridor-{name}-{self.language}-{self.width}")

    def say(self, word, **values):
        return re.sub(r"\{([a-z]+)\}", lambda hole: values[hole[1]], WORDS[self.language][word])

    def label(self, key):
        return LABELS[self.language][key]

    def become(self, person):
        person.resize(1280)
        person.go("/safety")
        person.speak(self.language)
        person.resize(self.width)

    def until_here(self, person, words):
        WebDriverWait(person.driver, 20, ignored_exceptions=[WebDriverException]).until(lambda _: words in person.text())

    def until(self, person, path, words):
        end = time.time() + 40
        while time.time() < end:
            person.go(path)
            if words in person.text():
                return
            time.sleep(0.5)
        self.fail(f"{words} does not come: {person.text()[-800:]}")

    def test_shelter_ngo_night_desk_and_auditor_in_each_language_on_desk_and_phone(self):
        for self.language, self.width in RUNS:
            with self.subTest(language=self.language, width=self.width):
                began = time.time()
                try:
                    self.shelter()
                    self.ngo()
                    self.night()
                    self.auditor()
                finally:
                    for person in (test_pages.asha, test_pages.rehana, test_pages.night, test_pages.auditor):
                        person.resize(1280)
                        person.go("/safety")
                        person.speak("en")
                print(f"corridor {self.language} {self.width}: {time.time() - began:.0f} s", file=sys.stderr)

    # A case is opened: one question a screen; her consent with what is read to her; the last look; sealed.
    def shelter(self):
        asha = test_pages.asha
        self.become(asha)
        before = self.cases(asha)
        asha.go("/cases/new")
        self.check(asha, "new")
        asha.press("[value=REFERRAL_OFFER]")
        draft = asha.driver.current_url
        asha.find("form[action$='/to'] [value='bd:nadipar']").click()
        asha.press("form[action$='/to'] .button.main")
        self.questions(asha, OFFER)
        asha.driver.get(draft + "/check")
        asha.press("[value=SHARE_CONSENT_PREVIEW]")
        self.check(asha, "question")
        self.questions(asha, CONSENT)
        asha.driver.get(draft)
        self.assertIn(self.label("say.C1") if self.language == "bn" else LABELS["bn"]["say.C1"], asha.text())
        self.assertIn(WORDS["bn"]["sayAfter"], asha.text())
        self.check(asha, "consent")
        asha.driver.get(draft + "/check")
        self.check(asha, "check")
        # Pressed twice: one letter. Back: what was sent.
        asha.driver.execute_script(
            "const form = document.querySelector('form[action$=seal]'); form.requestSubmit(); form.requestSubmit();")
        self.until_here(asha, self.say("sealedHow"))
        asha.driver.back()
        self.until_here(asha, self.say("sealedHow"))
        [self.case] = self.cases(asha) - before
        asha.go(f"/cases/{self.case}/timeline")
        self.assertEqual(len(asha.all(".thread > li")), 1)
        for page in ["", "/board", "/consents", "/timeline", "/sheets"]:
            asha.go(f"/cases/{self.case}{page}")
            self.check(asha, "case" + page.replace("/", "-"))
        asha.find(f"[name=language][value={self.language}]").click()
        asha.press("[value='consent:C1']")
        self.assertIn(self.label("say.C1"), asha.find(".sheet").text)
        self.assertIn(self.say("reconstruction"), asha.find(".sheet").text)
        self.check(asha, "sheet")

    def cases(self, person):
        person.go("/cases")
        return {link.get_attribute("href").rsplit("/", 1)[1] for link in person.all(".rows .what a")}

    def questions(self, person, answers):
        """Answers what is asked; what need not be answered, and files, are passed over once."""
        seen = set()
        while person.all("form[data-draft], form[data-file]"):
            field = person.driver.current_url.rsplit("/", 1)[1]
            if field in seen:
                return
            seen.add(field)
            reply(person, answers.get(field))
            self.assertFalse(person.all(".errors"), f"{field}: {person.text()[:400]}")

    # The offer is read without a name, and accepted; the shelter sees it.
    def ngo(self):
        rehana = test_pages.rehana
        self.become(rehana)
        reference = f"K-{self.case[:4]}-{self.case[4:8]}".upper()
        self.until(rehana, "/offers", reference)
        self.check(rehana, "offers")
        rehana.press(f"section[aria-label$='{reference}'] [value=REFERRAL_ACCEPTED]")
        while rehana.all("form[data-draft]"):
            test_pages.answer(rehana)
        self.check(rehana, "accept")
        rehana.press("form[action$=seal] button")
        self.until(rehana, f"/cases/{self.case}/timeline", SENTENCES[self.language]["sentence.valid"])
        self.check(rehana, "timeline-ngo")
        self.until(test_pages.asha, f"/cases/{self.case}", self.label("state.accepted"))

    # Two presses, at night, by somebody who may do nothing else.
    def night(self):
        night = test_pages.night
        self.become(night)
        night.go("/")
        night.press(".ways-out .button.stop")
        self.check(night, "stop-which")
        night.press(f".rows a[href$='{self.case}/stop']")
        self.check(night, "stop")
        night.press(".button.stop.main")
        self.assertIn(self.say("stopDone"), night.text())
        self.check(night, "stopped")
        self.until(test_pages.rehana, f"/cases/{self.case}/timeline", self.label("event.SHARE_CONSENT_WITHDRAWN"))

    def auditor(self):
        auditor = test_pages.auditor
        self.become(auditor)
        auditor.go("/audit")
        self.assertIn(self.say("auditLetters"), auditor.text())
        self.check(auditor, "audit")
        auditor.go(f"/cases/{self.case}")
        self.assertIn(self.say("faultForbidden"), auditor.text())
        self.check(auditor, "forbidden")


if __name__ == "__main__":
    unittest.main(verbosity=2)
