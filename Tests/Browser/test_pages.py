# Copyright 2026 The Kheya authors.
# SPDX-License-Identifier: Apache-2.0
"""Journeys through the page of two nodes in a real browser. `make browser` runs them."""

import os
import pathlib
import re
import subprocess
import sys
import time
import unittest
import urllib.request

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.wait import WebDriverWait

from kheya_browser import Person, axe_source
from kheya_world import PASSWORD, World, code

LANGUAGES = ["en", "bn", "hi"]
WIDTHS = [1280, 320]
PROTOCOLS = pathlib.Path(__file__).parents[2] / "Protocols"
world = None


def setUpModule():
    global world, axe, asha, rehana, night, auditor, mala
    world = World()
    axe = axe_source()
    mala = None
    asha = Person(world.facts["shelter"])
    asha.accept(world.facts["asha"])
    rehana = Person(world.facts["ngo"])
    rehana.accept(world.facts["rehana"])
    night = Person(world.facts["shelter"], width=320, script=False)
    night.accept(world.facts["night"])
    auditor = Person(world.facts["shelter"])
    auditor.accept(world.facts["auditor"])


def tearDownModule():
    global world
    for person in (asha, rehana, night, auditor, mala):
        if person is not None:
            person.close()
    world.close()
    world = None


def supervisor():
    """Mala, signed in by the first who asks."""
    global mala
    if mala is None:
        mala = Person(world.facts["shelter"])
        mala.accept(world.facts["mala"])
    return mala


def answer(person, **values):
    """Answers the question that stands there: with what is given for it, else with the last choice."""
    question = person.driver.current_url.rsplit("/", 1)[1]
    if question in values:
        person.fill(answer=values[question])
    elif person.all("form[data-draft] [name=day]"):
        person.fill(day="1", month="১২", year="2026")
    else:
        person.all("form[data-draft] input[name=answer]")[-1].click()
    person.press("form[data-draft] .button.main")


class EveryPage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        asha.go(f"/cases/{world.reference('case')}")
        asha.press("[value=FIT]")
        cls.draft = "/" + "/".join(asha.driver.current_url.split("/")[3:5])

    @classmethod
    def tearDownClass(cls):
        asha.go(cls.draft)
        asha.press("[action$='/discard'] button")

    def pages(self):
        case = f"/cases/{world.reference('case')}"
        return {
            "today": "/", "cases": "/cases", "case": case, "board": case + "/board", "timeline": case + "/timeline",
            "consents": case + "/consents", "stop": case + "/stop", "stop-which": "/stop", "sheets": case + "/sheets", "drafts": "/drafts", "new": "/cases/new", "outbox": "/outbox", "offers": "/offers", "safety": "/safety",
            "members": "/members", "settings": "/settings", "draft": self.draft, "draft-check": self.draft + "/check",
        }

    def test_every_page_is_accessible_in_each_language_and_at_each_width(self):
        for language in LANGUAGES:
            asha.go("/safety")
            asha.speak(language)
            for name, path in self.pages().items():
                asha.go(path)
                self.assertEqual(asha.find("html").get_attribute("lang"), language)
                self.assertFalse(asha.all("[action='/sign-in']"), "signed out")
                with self.subTest(page=name, language=language):
                    self.assertEqual(asha.faults(axe, f"{name}-{language}", WIDTHS), [])
        asha.go("/safety")
        asha.speak("en")

    def test_axe_sees_what_is_wrong(self):
        asha.go("/safety")
        asha.driver.execute_script("document.querySelector('main p').style.color = '#bbb'")
        self.assertTrue(any(found.startswith("color-contrast") for found in asha.axe(axe)))

    def test_the_browser_asks_for_nothing_elsewhere_and_complains_about_nothing(self):
        asha.asked()
        for path in self.pages().values():
            asha.go(path)
        asked = [url for url in asha.asked() if not url.startswith("data:")]
        self.assertTrue(asked)
        self.assertEqual([url for url in asked if not url.startswith(world.facts["shelter"] + "/")], [])
        self.assertEqual(asha.complaints(), [])

    def test_titles_and_addresses_name_nobody(self):
        for path in self.pages().values():
            asha.go(path)
            self.assertNotIn(world.reference("case"), asha.driver.title)
            self.assertNotIn("asha", asha.driver.title.lower())

    def test_the_first_load_of_every_page_is_light(self):
        cookies = "; ".join(f"{c['name']}={c['value']}" for c in asha.driver.get_cookies())

        def size(path):
            request = urllib.request.Request(
                world.facts["shelter"] + path, headers={"cookie": cookies, "accept-encoding": "gzip"})
            return len(urllib.request.urlopen(request).read())

        asha.go("/safety")
        asha.speak("bn")
        files = [e.get_attribute(a) for e, a in [(asha.find("link[rel=stylesheet]"), "href"), (asha.find("script"), "src")]]
        shared = sum(size(f.replace(world.facts["shelter"], "")) for f in files)
        cookies = "; ".join(f"{c['name']}={c['value']}" for c in asha.driver.get_cookies())
        sizes = {name: shared + size(path) for name, path in self.pages().items()}
        asha.go("/safety")
        asha.speak("en")
        print("first load, bytes:", sizes, file=sys.stderr)
        self.assertLessEqual(max(sizes.values()), 30_000)


class Journeys(unittest.TestCase):
    def test_a_case_is_found_by_a_name_that_stands_in_no_address(self):
        asha.go("/cases")
        for words, status in [("ঝিনুক", True), ("झिनुक", False), ("JHINUK nodibala", True), ("ঝিনুক রহিমা", False)]:
            asha.fill(reference=words)
            asha.press(".find button")
            self.assertEqual(world.reference("case") in asha.text() and not asha.all(".errors"), status, words)
            self.assertTrue(asha.driver.current_url.endswith("/cases"))
            self.assertEqual(asha.axe(axe), [])

    def test_a_photo_goes_over_a_broken_line_and_the_other_side_sees_it_clean(self):
        asha.go(f"/cases/{world.reference('case')}")
        asha.press("[value=FIT]")
        photo = world.work / "papers" / "photo.jpg"
        self.assertIn(b"invented mill", photo.read_bytes(), "the photo hides nothing")
        while asha.all("form[data-draft], form[data-file]"):
            if asha.all("form[data-file] [name=same]"):
                asha.press("[name=same]")
            elif asha.all("form[data-file]"):
                self.assertEqual(asha.axe(axe), [])
                asha.shot("question-file")
                asha.find("[name=file]").send_keys(str(photo))
                # The line breaks in the middle, and comes back.
                asha.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {
                    "offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1})
                asha.find("form[data-file] .button.main").click()
                time.sleep(1)
                self.assertTrue(asha.find("progress").is_displayed())
                old = asha.find("html")
                asha.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {
                    "offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1})
                WebDriverWait(asha.driver, 20).until(staleness_of(old))
            else:
                answer(asha, valid_days="৩")
        asha.shot("check-file")
        self.assertEqual(asha.axe(axe), [])
        asha.press("form[action$=seal] button")
        self.assertIn("It is in the outbox", asha.text())
        end = time.time() + 30
        while "Found fit to travel" not in rehana.text() and time.time() < end:
            time.sleep(0.5)
            rehana.go(f"/cases/{world.reference('case')}/timeline")
        rehana.press(".thread li:last-child form[action$='/form'] button")
        self.assertEqual(rehana.axe(axe), [])
        rehana.shot("form-file")
        seen = rehana.post("form[action$='/file']")
        self.assertTrue(seen.startswith(b"\xff\xd8\xff"))
        self.assertNotIn(b"invented mill", seen)
        self.assertLess(len(seen), 400_000, "a photo is made smaller before it goes over a thin line")

    def test_a_file_that_is_too_large_is_told_so_without_script(self):
        asha.go(f"/cases/{world.reference('case')}")
        asha.press("[value=CASE_PENDING]")
        asha.go("/drafts/" + asha.driver.current_url.split("/")[4] + "/CASE_PENDING/scan")
        token = asha.find("form[data-file] [name=token]").get_attribute("value")
        for size, status in [(17 << 20, 422), (1 << 20, 303)]:
            file = b"%PDF-1.4\n" + b" " * size + b"%%EOF\n"
            self.assertEqual(asha.upload(asha.driver.current_url, token, file), status)

    def test_an_offer_is_read_without_a_name_and_accepted_and_the_shelter_sees_it(self):
        rehana.go("/offers")
        self.assertIn(world.reference("offer"), rehana.text())
        rehana.shot("offers-ngo")
        rehana.press(f"section[aria-label$='{world.reference('offer')}'] [value=REFERRAL_ACCEPTED]")
        while rehana.all("form[data-draft]"):
            rehana.shot("question-" + rehana.driver.current_url.rsplit("/", 1)[1])
            answer(rehana)
        rehana.shot("check")
        self.assertEqual(rehana.axe(axe), [])
        rehana.press("form[action$=seal] button")
        end = time.time() + 30
        words = "Their node checked it"
        while words not in rehana.text() and time.time() < end:
            time.sleep(0.5)
            rehana.go(f"/cases/{world.reference('offer')}/timeline")
        self.assertIn(words, rehana.text())
        asha.go(f"/cases/{world.reference('offer')}")
        self.assertIn("Accepted: the dossier may be sent", asha.text())

    def test_she_stops_it_with_two_presses_and_the_other_side_sees_it(self):
        night.go(f"/cases/{world.reference('case')}")
        self.assertFalse(night.all("form[action$='/do']"), "read-only is offered a step")
        night.press(".button.stop")
        night.shot("stop-night")
        night.press(".button.stop.main")
        self.assertIn("The stop is recorded", night.text())
        end = time.time() + 30
        while time.time() < end:
            rehana.go(f"/cases/{world.reference('case')}/timeline")
            if "She withdraws her consent to share" in rehana.text():
                return
            time.sleep(0.5)
        self.fail("the NGO does not see the stop: " + rehana.text()[-600:])

    def test_leave_quickly_ends_the_session_and_back_shows_nothing(self):
        meera = Person(world.facts["shelter"])
        try:
            meera.accept(world.facts["meera"])
            meera.go(f"/cases/{world.reference('case')}")
            self.assertIn(world.reference("case"), meera.text())
            meera.press("#leave")
            self.assertEqual(meera.text().strip(), "")
            meera.driver.back()
            time.sleep(1)
            self.assertNotIn(world.reference("case"), meera.text())
            meera.go("/cases")
            self.assertTrue(meera.all("[name=password]"), "the session lived on")
        finally:
            meera.close()

    def test_shift_three_times_leaves_and_capital_letters_do_not(self):
        meera = Person(world.facts["shelter"])
        try:
            meera.go("/sign-in")
            meera.find("[name=name]").send_keys("ASHA KHATUN")
            self.assertTrue(meera.all("[name=password]"))
            for _ in range(3):
                meera.find("body").send_keys(Keys.SHIFT)
            end = time.time() + 5
            while meera.all("[name=password]") and time.time() < end:
                time.sleep(0.1)
            self.assertFalse(meera.all("[name=password]"))
        finally:
            meera.close()

    def test_an_auditor_sees_the_trail_and_no_case(self):
        auditor.go("/audit")
        self.assertEqual(auditor.axe(axe), [])
        auditor.shot("audit")
        for path in ["/cases", f"/cases/{world.reference('case')}", "/outbox"]:
            auditor.go(path)
            self.assertNotIn("K-", auditor.find("main").text)

    def test_a_session_that_dies_in_the_middle_of_a_question_loses_nothing(self):
        meera = Person(world.facts["shelter"], width=320)
        try:
            meera.accept(world.facts["meera-2"])
            meera.go("/cases/new")
            meera.press("[value=REFERRAL_OFFER]")
            question = meera.driver.current_url + "/REFERRAL_OFFER/children_with_her"
            meera.driver.get(question)
            meera.fill(answer="2")
            subprocess.run(["sqlite3", world.work / "shelter" / "node.sqlite", ".timeout 5000",
                            "DELETE FROM session WHERE account = 'meera-2'"], check=True)
            meera.press("form[data-draft] .button.main")
            self.assertIn("Your answer was saved", meera.text())
            # Its own code was used a moment ago: the next one serves.
            meera.fill(name="meera-2", password=PASSWORD, code=code(meera.secret, time.time() + 30))
            meera.press()
            self.assertEqual(meera.driver.current_url, question)
            self.assertEqual(meera.find("[name=answer]").get_attribute("value"), "2")
        finally:
            meera.close()

    def test_a_record_of_another_system_becomes_a_draft_whose_answers_are_looked_at_one_by_one(self):
        page = (PROTOCOLS / "Import.md").read_text()
        file = world.work / "record.json"
        file.write_text(re.search(r"```json import htcds\n(.*?)```", page, re.S)[1])
        asha.go("/cases/new")
        asha.find("[name=file]").send_keys(__file__)
        asha.press("[action='/cases/import'] .button.main")
        self.assertEqual(asha.faults(axe, "import-wrong", WIDTHS), [])
        asha.find("[name=file]").send_keys(str(file))
        asha.press("[action='/cases/import'] .button.main")
        asha.find("details summary").click()
        self.assertEqual(asha.faults(axe, "import-done", WIDTHS), [])
        self.assertIn("con_Consent", asha.text())
        asha.find(".rows a").click()
        self.assertEqual(asha.faults(axe, "import-draft", WIDTHS), [])
        asha.press("[action$='/discard'] button")

    def test_practice_says_so_on_every_page_and_is_gone_when_it_is_deleted(self):
        asha.go("/cases/new")
        asha.press("input[name=practice] ~ button")
        draft = "/" + "/".join(asha.driver.current_url.split("/")[3:5])
        for language in LANGUAGES:
            asha.go("/safety")
            asha.speak(language)
            for name, path in {"practice": draft, "practice-check": draft + "/check", "practice-today": "/"}.items():
                asha.go(path)
                self.assertTrue(asha.all(".practice"), path)
                self.assertEqual(asha.faults(axe, f"{name}-{language}", WIDTHS), [])
        asha.go("/safety")
        asha.speak("en")
        asha.go(draft)
        asha.press("[action$='/discard'] button")
        self.assertFalse(asha.all(".practice"))
        asha.go(draft)
        self.assertFalse(asha.all("[action$='/discard']"))

    def test_a_supervisor_invites_somebody_whose_telephone_reads_the_key_and_who_reads_hindi(self):
        mala = supervisor()
        mala.go("/people")
        mala.fill(name="usha-t")
        mala.find("#language option[value=hi]").click()
        mala.fill(code=code(mala.secret, time.time() + 30))
        self.assertEqual(mala.faults(axe, "people", WIDTHS), [])
        mala.press("[action='/people'] .button.main")
        self.assertEqual(mala.axe(axe), [])
        mala.shot("slip")
        slip = mala.find(".secret").text
        usha = Person(world.facts["shelter"], width=320)
        try:
            usha.go("/welcome/hi")
            self.assertEqual(usha.find("html").get_attribute("lang"), "hi")
            usha.fill(slip=slip)
            usha.press()
            self.assertEqual(usha.find("html").get_attribute("lang"), "hi")
            self.assertEqual(usha.axe(axe), [])
            self.assertLessEqual(usha.overflow(), 0)
            usha.secret = usha.find(".secret").text.replace(" ", "")
            self.assertEqual(usha.scan("welcome-hi-320"), f"otpauth://totp/Kheya:usha-t?secret={usha.secret}&issuer=Kheya")
            usha.fill(password=PASSWORD, again=PASSWORD, code=code(usha.secret))
            usha.press()
            usha.go("/cases")
            self.assertEqual(usha.find("html").get_attribute("lang"), "hi")
            self.assertIn(world.reference("case"), usha.text())
        finally:
            usha.close()

    def test_a_supervisor_takes_one_case_away_and_it_is_shown_that_she_did(self):
        mala = supervisor()
        path = f"/cases/{world.facts['case']}/export"
        mala.go(path)
        self.assertEqual(mala.axe(axe), [])
        mala.shot("case-export")
        mala.find("[value=json]").click()
        # A download leaves the page where it is; another address at once would end it.
        time.sleep(1)
        mala.go("/export")
        self.assertIn(world.reference("case"), mala.text())
        mala.go(f"/cases/{world.facts['case']}")
        self.assertIn("mala-r", mala.text())

    def test_a_bundle_is_dropped_on_the_page_and_its_report_is_read(self):
        mala = supervisor()
        bundle = str(world.work / "browser.trail")
        subprocess.run([os.environ["KHEYA"], "audit", "export", "--home", str(world.work / "in-broker"), "--home",
                        str(world.work / "bd-broker"), "--for", "in:oversight", "--destroy", "2027-12-31", "--to", bundle],
                       check=True, capture_output=True, env={**os.environ, "KHEYA_KEY_FILE": str(world.work / "practice.key")})
        for file, verdict in [(bundle, "PASS"), (__file__, "FAIL")]:
            mala.go("/audit")
            mala.find("[name=file]").send_keys(file)
            mala.press("[action='/audit/bundle'] .button.main")
            WebDriverWait(mala.driver, 60).until(lambda _: mala.go("/audit") or not mala.all("progress"))
            self.assertIn(verdict, mala.find("section.state .stage").text, mala.text())
            self.assertEqual(mala.axe(axe), [])
            mala.shot(f"audit-{verdict}")
        mala.go("/audit")
        mala.press("[action='/audit/verify'] button")
        WebDriverWait(mala.driver, 60).until(lambda _: mala.go("/audit") or not mala.all("progress"))
        proved = mala.all("main dl")[1].find_elements(By.CSS_SELECTOR, "dd")
        self.assertGreater(int(proved[0].text), 0)
        self.assertEqual([e.text for e in proved[1:]], ["0", "0"])
        self.assertEqual(mala.faults(axe, "audit-own", WIDTHS), [])

    def test_script_in_an_answer_stays_text(self):
        asha.go("/cases/new")
        asha.press("[value=REFERRAL_OFFER]")
        draft = asha.driver.current_url
        hostile = "\"><img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>\u09be'\u0301"
        asha.driver.get(draft + "/REFERRAL_OFFER/children_with_her")
        asha.fill(answer=hostile)
        asha.press("form[data-draft] .button.main")
        self.assertEqual(asha.find("[name=answer]").get_attribute("value"), hostile)
        asha.driver.get(draft + "/check")
        self.assertIn("<img src=x", asha.find("main").text)
        self.assertNotIn("run", asha.driver.title)
        self.assertEqual([c for c in asha.complaints() if "Refused" in c], [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
