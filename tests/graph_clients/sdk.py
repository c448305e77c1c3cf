"""facebook-sdk 3.1.0 against a practice network. usage: sdk.py ORIGIN COUNTS_FILE"""

import io

import facebook
from checks import APP, BAKERY, ORIGIN, PNG, REDIRECT, SCOPES, SECRET, check, close, code_for, posts, same, trouble

facebook.FACEBOOK_GRAPH_URL = f"{ORIGIN}/"
facebook.FACEBOOK_WWW_URL = f"{ORIGIN}/"


def graph_of(token):
    # The client knows versions up to 3.1 and refuses later ones; it takes them when set afterwards.
    graph = facebook.GraphAPI(token, version="3.1")
    graph.version = "v25.0"
    return graph


def refused(what):
    """The code and subcode with which a call is refused."""
    try:
        what()
    except facebook.GraphAPIError as error:
        return error.code, error.result["error"].get("error_subcode")
    raise AssertionError("it was not refused")


anonymous = graph_of(None)
short = {}


def sign_in():
    dialog = anonymous.get_auth_url(APP, REDIRECT, SCOPES, state="s")
    short.update(anonymous.get_access_token_from_code(code_for(dialog), REDIRECT, APP, SECRET))
    assert 5400 <= short["expires_in"] <= 7200, short["expires_in"]


check("the login address leads to a code, the code to a short token", sign_in)
user = graph_of(short.get("access_token"))


def extend():
    answer = user.extend_access_token(APP, SECRET)
    same(answer["expires_in"], 5183944)
    user.access_token = answer["access_token"]


def app_tokens():
    online = anonymous.get_app_access_token(APP, SECRET)
    assert online.startswith(f"{APP}|") and SECRET not in online
    same(anonymous.get_app_access_token(APP, SECRET, offline=True), f"{APP}|{SECRET}")


def debug():
    data = anonymous.debug_access_token(user.access_token, APP, SECRET)["data"]
    same((data["is_valid"], data["app_id"], data["user_id"], data["type"]), (True, APP, "10001", "USER"))
    assert set(SCOPES) <= set(data["scopes"])


def pages():
    rows = user.get_connections("me", "accounts", fields="id,name,access_token")["data"]
    same([row["name"] for row in rows], ["Harbour Bakery", "Night Trains"])
    page.access_token = rows[0]["access_token"]


def permissions():
    granted = user.get_permissions("me")
    assert set(SCOPES) <= set(granted), granted


check("a short token is extended", extend)
check("app tokens, asked for and put together", app_tokens)
check("debug_token tells about the user token", debug)
check("get_object", lambda: same(user.get_object("me", fields="id,name"), {"id": "10001", "name": "Ada Practice"}))
check(
    "get_objects",
    lambda: same(user.get_objects(["10001", BAKERY], fields="id"), {"10001": {"id": "10001"}, BAKERY: {"id": BAKERY}}),
)
page = graph_of(None)
check("the Pages come with their tokens", pages)
check("get_permissions", permissions)
check("get_version", lambda: same(user.get_version(), "25.0"))

made = {}


def put(name, **fields):
    made[name] = page.put_object(BAKERY, "feed", **fields)["id"]
    assert made[name].startswith(f"{BAKERY}_"), made[name]


def read_back():
    rows = page.get_connections(BAKERY, "feed", fields="id,message")["data"]
    assert {"id": made["link"], "message": "Hällo & co"} in rows, rows
    assert made["scheduled"] not in [row["id"] for row in rows], "it is not time yet"


def put_scheduled():
    issued = anonymous.debug_access_token(user.access_token, APP, SECRET)["data"]["issued_at"]
    put("scheduled", message="later", published=False, scheduled_publish_time=issued + 86400)


def photo(**fields):
    answer = page.put_photo(io.BytesIO(PNG), album_path=f"{BAKERY}/photos", **fields)
    post = posts()[answer["post_id"]]
    same((post["photos"], post["message"]), ([answer["id"]], fields.get("message")))


def delete():
    assert made["link"] in posts()
    page.delete_object(made["link"])
    assert made["link"] not in posts()


check("put_object with a link", lambda: put("link", message="Hällo & co", link="http://example.test/?a=1"))
check("put_object for later", put_scheduled)
check("the feed shows the one and not the other", read_back)
check("an identical post is refused", lambda: (put("x", message="twice"), same(refused(lambda: put("y", message="twice")), (506, 1455006))))
check("put_photo with a message", lambda: photo(message="cap"))
check("put_photo without a message", photo)
check("a photo that is none is refused", lambda: same(refused(lambda: page.put_photo(io.BytesIO(b"\x89PNG-data"), album_path=f"{BAKERY}/photos")), (324, 2069019)))
check("the user token can't post", lambda: same(refused(lambda: user.put_object(BAKERY, "feed", message="x"))[0], 200))
check("delete_object deletes a post", delete)


def limited():
    trouble(trouble="rate_limit", calls=1)
    same(refused(lambda: user.get_object("me"))[0], 4)


check("a rate limit is told", limited)
check("an unknown token is told", lambda: same(refused(lambda: graph_of("dead").get_object("me")), (190, None)))
check("delete_object gives the permissions back", lambda: user.delete_object("me/permissions"))
check("then the user token is dead", lambda: same(refused(lambda: user.get_object("me")), (190, 458)))
check("and so is the Page token", lambda: same(refused(lambda: page.get_object("me")), (190, 458)))
close()
