"""facebook_business 26.0.3 against a practice network. usage: biz.py ORIGIN COUNTS_FILE"""

import hashlib
import os
import tempfile
import urllib.parse

from checks import APP, BAKERY, ORIGIN, PNG, REDIRECT, SCOPES, SECRET, check, close, code_for, posts, same, trouble
from facebook_business.session import FacebookSession

FacebookSession.GRAPH = ORIGIN

from facebook_business.adobjects.page import Page  # noqa: E402 - the address must be set first
from facebook_business.adobjects.user import User  # noqa: E402
from facebook_business.api import FacebookAdsApi  # noqa: E402
from facebook_business.exceptions import FacebookRequestError  # noqa: E402


def api_of(token, secret=SECRET):
    # It sends `appsecret_proof` with every call. With `crash_log` it would report crashes to its makers.
    return FacebookAdsApi.init(APP, secret, token, api_version="v25.0", crash_log=False)


def refused(what):
    try:
        what()
    except FacebookRequestError as error:
        return error
    raise AssertionError("it was not refused")


def codes(error):
    return error.api_error_code(), error.api_error_subcode()


app = api_of(f"{APP}|{SECRET}")
apis = {}


def sign_in():
    query = urllib.parse.urlencode(
        {"client_id": APP, "redirect_uri": REDIRECT, "scope": ",".join(SCOPES), "state": "s"}
    )
    code = code_for(f"{ORIGIN}/v25.0/dialog/oauth?{query}")
    asked = {"client_id": APP, "client_secret": SECRET}
    path = ("oauth", "access_token")
    short = app.call("GET", path, params={**asked, "redirect_uri": REDIRECT, "code": code}).json()
    grant = {"grant_type": "fb_exchange_token", "fb_exchange_token": short["access_token"]}
    long = app.call("GET", path, params={**asked, **grant}).json()
    same(long["expires_in"], 5183944)
    apis["user"] = api_of(long["access_token"])
    apis["token"] = long["access_token"]


check("sign-in, code and exchange", sign_in)
me = User("me", api=apis.get("user"))


def pages():
    rows = list(me.get_accounts(fields=["id", "name", "access_token"]))
    same([row["name"] for row in rows], ["Harbour Bakery", "Night Trains"])
    apis["page"] = api_of(rows[0]["access_token"])


def small_pages():
    # One row at a time: the client follows the cursors by itself.
    rows = me.get_accounts(fields=["id"], params={"limit": 1})
    same([row["id"] for row in rows], [BAKERY, "500200"])
    same(rows.total(), 2)


check("me, with its closing slash and its proof", lambda: same(me.api_get(fields=["id", "name"])["name"], "Ada Practice"))
check("the Pages", pages)
check("the Pages one by one", small_pages)
bakery = Page(BAKERY, api=apis.get("page"))
made = []


def unpublished():
    answer = bakery.create_feed(params={"message": "Hällo & co", "published": False})
    post = posts()[answer["id"]]
    same((post["message"], post["published"]), ("Hällo & co", False))


def published():
    answer = bakery.create_feed(params={"message": "from the business client", "link": "https://example.test/"})
    post = posts()[answer["id"]]
    same((post["message"], post["link"], post["published"]), ("from the business client", "https://example.test/", True))
    made.append(answer["id"])


def feed():
    rows = list(bakery.get_feed(fields=["message", "created_time", "permalink_url"]))
    assert made[0] in [row["id"] for row in rows], rows


def photo_by_address():
    answer = bakery.create_photo(params={"url": "http://127.0.0.1/x.png", "caption": "by address"})
    same([post["message"] for post in posts().values() if answer["id"] in post["photos"]], ["by address"])


def photo_by_bytes():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.png")
        with open(path, "wb") as file:
            file.write(PNG)
        with open(path, "rb") as file:
            answer = apis["page"].call(
                "POST", (BAKERY, "photos"), params={"caption": "by bytes"}, files={"source": file}
            ).json()
    post = posts()[answer["post_id"]]
    same(post["photo_hashes"], [hashlib.sha256(PNG).hexdigest()])


def debug():
    data = app.call("GET", ("debug_token",), params={"input_token": apis["token"]}).json()["data"]
    same((data["is_valid"], data["user_id"]), (True, "10001"))


def wrong_proof():
    error = refused(lambda: User("me", api=api_of(apis["token"], "another secret")).api_get())
    same((codes(error)[0], error.http_status()), (100, 400))


def outage():
    trouble(trouble="outage", calls=1)
    error = refused(lambda: me.api_get())
    same((error.http_status(), error.api_error_code(), error.api_transient_error()), (503, 2, True))


def dead():
    error = refused(lambda: User("me", api=api_of("dead")).api_get())
    same((codes(error), error.api_error_type(), error.http_status()), ((190, None), "OAuthException", 400))


check("an unpublished post", unpublished)
check("a published post with a link", published)
check("the feed", feed)
check("a photo by address", photo_by_address)
check("a photo by bytes", photo_by_bytes)
check("debug_token", debug)
check("a wrong proof is refused", wrong_proof)
check("an outage is transient", outage)
check("an unknown token is refused", dead)
check("the user token can't post", lambda: same(codes(refused(lambda: Page(BAKERY, api=apis["user"]).create_feed(params={"message": "x"})))[0], 200))
check("the permissions are given back", lambda: same(apis["user"].call("DELETE", ("me", "permissions")).json(), {"success": True}))
check("then the user token is dead", lambda: same(codes(refused(lambda: me.api_get())), (190, 458)))
check("and so is the Page token", lambda: same(codes(refused(lambda: bakery.api_get())), (190, 458)))
close()
