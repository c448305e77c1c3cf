"""What both Python clients share: sign-in over plain HTTP, named checks, the closing line."""

import html.parser
import http.client
import json
import sys
import traceback
import urllib.parse
import urllib.request

ORIGIN = sys.argv[1].rstrip("/")
APP, SECRET = "100200300400500", "practice-app-secret"
REDIRECT = "http://127.0.0.1:5000/callback"
BAKERY = "500100"
SCOPES = ["pages_show_list", "pages_manage_posts", "pages_read_engagement"]
# A whole PNG of one pixel.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c48900"
    "00000b4944415478da636000020000050001e9fadcd80000000049454e44ae426082"
)

_counts = [0, 0]


def check(name, what):
    """Runs one check; `what` raises AssertionError, or anything else, when it does not hold."""
    try:
        what()
    except Exception:  # noqa: BLE001 - whatever a client throws is a failed check
        _counts[1] += 1
        print(f"FAILED {name}")
        traceback.print_exc()
    else:
        _counts[0] += 1
        print(f"ok     {name}")


def same(found, expected):
    assert found == expected, f"{found!r} is not {expected!r}"


def close():
    """Prints the closing line, leaves the count to the caller, ends with the exit code."""
    passed, failed = _counts
    print(f"{passed} passed, {failed} failed", flush=True)
    with open(sys.argv[2], "a", encoding="utf-8") as counts:
        counts.write(f"{passed} {failed}\n")
    sys.exit(1 if failed else 0)


def state():
    """What the practice network itself knows."""
    with urllib.request.urlopen(f"{ORIGIN}/control/state") as answer:
        return json.load(answer)


def posts():
    """Every post that exists, by id."""
    return {post["id"]: post for post in state()["posts"]}


def trouble(**words):
    request = urllib.request.Request(
        f"{ORIGIN}/control", json.dumps(words).encode(), {"content-type": "application/json"}
    )
    urllib.request.urlopen(request).read()


def code_for(dialog, user="ada", password="practice"):
    """Signs in on the dialog as a browser would, and answers the code that the app gets."""
    with urllib.request.urlopen(dialog) as page:
        form = Form.of(page.read().decode())
    form.fields += [("user", user), ("password", password), ("choice", "sign-in")]
    consent = Form.of(_post(form)[1])
    consent.fields.append(("choice", "continue"))
    status, address = _post(consent)
    assert status == 302, f"status {status} after consent"
    return urllib.parse.parse_qs(urllib.parse.urlsplit(address).query)["code"][0]


class Form(html.parser.HTMLParser):
    """The one form of a page: where it goes, and the fields that are filled already."""

    def __init__(self):
        super().__init__()
        self.action, self.fields = None, []

    @classmethod
    def of(cls, text):
        form = cls()
        form.feed(text)
        assert form.action, f"no form in {text}"
        return form

    def handle_starttag(self, tag, attributes):
        have = dict(attributes)
        if tag == "form":
            self.action = have["action"]
        elif tag == "input" and (have.get("type") == "hidden" or "checked" in have):
            self.fields.append((have["name"], have["value"]))


def _post(form):
    """Sends a form; answers the status, and the address it leads to or else the page."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(ORIGIN).netloc, timeout=10)
    body = urllib.parse.urlencode(form.fields)
    connection.request(
        "POST", form.action, body, {"content-type": "application/x-www-form-urlencoded", "origin": ORIGIN}
    )
    answer = connection.getresponse()
    page = answer.read().decode()
    connection.close()
    return answer.status, answer.getheader("location") or page
