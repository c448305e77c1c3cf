// Written by `cargo xtask types` from the Rust types of crates/core; change those instead.
/* eslint-disable */

/** What this is and where it keeps things. */
export type AboutView = {
/** The version. */
version: string,
/** The data folder. */
data: string,
/** The folder of the person's settings. */
config: string, };

/** One identity at one provider, as this computer calls it: `example-10001`. */
export type AccountId = string;

/** An account as it is shown. */
export type AccountView = {
/** Its id here. */
id: AccountId,
/** Provider id. */
provider: string,
/** The provider's name. */
provider_name: string,
/** The person's (or organisation's) name there. */
name: string,
/** The provider's id of it. */
identity: string,
/** `signed_out`, `signing_in`, `exchanging`, `active`, `renewing` or `needs_login`. */
state: string,
/** Why the person is needed. */
reason: ReasonView | null,
/** The token's announced end. */
expires: Expiry | null,
/** The announced end of data access. */
data_access_ends: Expiry | null,
/** When the token was issued. */
issued_at: string | null,
/** When the person last signed in. */
signed_in_at: string | null,
/** The last check. */
last_check: LastCheckView | null,
/** Since when the issuer cannot be asked. */
unreachable_since: string | null,
/** How long it is remembered. */
remember: Remember,
/** When it will be forgotten, if the person chose so. */
forget_at: string | null,
/** Granted scopes. */
scopes: Array<string>,
/** Wanted scopes that are not granted. */
missing_scopes: Array<string>,
/** The number of the current secret. */
generation: number,
/** Posts that wait for this account. */
held_posts: number, };

/** Who starts the keeper at login. */
export type AutostartView = {
/** True if somebody does. */
installed: boolean,
/** `desktop` or `systemd`. */
way: string | null,
/** Why nobody can tell, in a sentence. */
problem: string | null, };

/** Why the issuer's opinion could not be had. Never an end of a sign-in. */
export type CantTell = { "why": "network",
/** What went wrong, without address or query. */
said: string, } | { "why": "service",
/** HTTP status. */
status: number,
/** What it said. */
said: string, } | { "why": "rate_limited",
/** What it said. */
said: string, } | { "why": "nonsense",
/** HTTP status. */
status: number,
/** What it said, or what was missing. */
said: string, } | { "why": "client",
/** What it said. */
said: string, } | { "why": "keychain",
/** Its code, such as `keychain_locked`. */
code: string,
/** What went wrong. */
said: string, };

/** What one check brought. */
export type CheckView = {
/** The account after it. */
account: AccountView,
/** `good`, `cant_tell`, `dead` or `not_signed_in`. */
result: string,
/** The same in a sentence. */
sentence: string,
/** Why nobody can tell, where the keychain is why: its code, such as `keychain_locked`. */
keychain?: string | null, };

/** Something below an account that has a token of its own (a Page), by the provider's id. */
export type ChildId = string;

/** An app registration as the person gives it. */
export type ClientInput = {
/** The app's id. */
id: string,
/** The app's secret, where there is one. */
secret: SecretInput | null, };

/** The codes of [`Problem`]. Each is consumed by somebody: an exit code, a script, the window. */
export type Code = "usage" | "no_such_account" | "no_such_post" | "no_such_target" | "no_such_provider" | "bad_provider_file" | "client_needed" | "client_rejected" | "sign_in_cancelled" | "sign_in_failed" | "wrong_identity" | "needs_login" | "unreachable" | "bad_post" | "not_now" | "keychain_locked" | "keychain_absent" | "keychain_refused" | "keychain_timed_out" | "keychain_damaged" | "busy" | "no_keeper" | "database" | "database_newer" | "disk_full" | "file";

/** What can be asked of the owner of the data folder. */
export type Command = { "command": "accounts" } | { "command": "providers" } | { "command": "guide",
/** Provider id. */
provider: string, } | { "command": "connect" } & Connect | { "command": "sign_in",
/** Which. */
account: AccountId,
/** A new choice of how long to be remembered. */
remember: Remember | null,
/** Paste the address of the last page instead of having it caught. */
paste: boolean, } | { "command": "adopt_other" } | { "command": "check",
/** Which; all if left out. */
account: AccountId | null, } | { "command": "targets",
/** Which. */
account: AccountId, } | { "command": "sign_out",
/** Which. */
account: AccountId,
/** Delete here even if the issuer cannot be reached. */
anyway: boolean, } | { "command": "forget",
/** Which. */
account: AccountId,
/** Drop its posts that are not out yet. */
drop_posts: boolean, } | { "command": "remember",
/** Which account. */
account: AccountId,
/** The choice. */
remember: Remember, } | { "command": "post" } & NewPost | { "command": "queue",
/** Also what is posted or cancelled. */
all: boolean, } | { "command": "send_now",
/** Which. */
post: PostId, } | { "command": "cancel",
/** Which. */
post: PostId, } | { "command": "reschedule",
/** Which. */
post: PostId,
/** When. */
due: string,
/** The IANA zone it was chosen in. */
zone: string, } | { "command": "settle",
/** Which. */
post: PostId,
/** True if it does. */
posted: boolean, } | { "command": "edit" } & Edit | { "command": "run_due" } | { "command": "diary",
/** Only of this account. */
account: AccountId | null,
/** Only of this post. */
post: PostId | null,
/** At most so many entries. */
limit: number, } | { "command": "life",
/** Which account. */
account: AccountId, } | { "command": "settings" } | { "command": "change_settings",
/** Which. */
changes: SettingsChanges, } | { "command": "test_notice" } | { "command": "doctor" };

/** Data of [`Command::Connect`]. */
export type Connect = {
/** Provider id. */
provider: string,
/** Addresses and other variables of the provider file to replace. */
vars: { [key in string]: string },
/** The app registration; left out if it is known already or built in. */
client: ClientInput | null,
/** How long to be remembered. */
remember: Remember,
/** Paste the address of the last page instead of having it caught. */
paste: boolean, };

/** Reply to [`Command::Connect`] and [`Command::SignIn`]. */
export type Connected = {
/** The account that is signed in now. */
connected: AccountView,
/** True if it was not known before. */
is_new: boolean,
/** End of the short-lived token, where there was one. */
short_expires: Expiry | null,
/** How many held posts went on. */
released: number, };

/** One line of the diary. */
export type DiaryView = {
/** When. */
at: string,
/** Of which account. */
account: AccountId | null,
/** Of which post. */
post: PostId | null,
/** What, for machines. */
happening: Happening,
/** What, in a sentence. */
sentence: string, };

/** What was found here. */
export type DoctorView = {
/** The findings, in order. */
findings: Array<Finding>, };

/** A post that is being written. */
export type Draft = {
/** A UUID that the page made. */
id: string,
/** The account it is to go out with. */
account: AccountId | null,
/** The Page it is to go to. */
target: ChildId | null,
/** The text so far. */
text: string,
/** The link so far. */
link: string,
/** The picture. */
picture: PictureInput | null,
/** When it is to go out, as it was written. */
due: string | null,
/** The IANA zone of that time. */
zone: string,
/** The post that it is to change; none for a new one. */
edits: PostId | null,
/** When it was changed last. */
changed_at: string, };

/** Another text, link or picture for a post that is not out yet, and another time if wanted. */
export type Edit = {
/** Which post. */
post: PostId,
/** Its text from now on. */
text: string,
/** Its link from now on; none if left out. */
link: string | null,
/** What becomes of its picture. */
picture: PictureEdit,
/** Another time; the one it has if left out. */
due: string | null,
/** The IANA zone of that time; the one it has if left out. */
zone: string | null, };

/** Why a sign-in no longer works, or no longer suffices for a use. */
export type EndReason = "expired" | "revoked" | "password_changed" | "checkpoint" | "app_removed" | "role_lost" | "scope_missing" | "data_access_ended" | "refresh_token_reused" | "refresh_refused" | "wrong_identity" | "not_remembered" | "secret_lost";

/**
 * When a token, or the data access behind it, is announced to end.
 *
 * Missing is not zero is not never: an issuer that says nothing leaves `Unknown`; one that says
 * `0` where its documentation defines that as "no end" gives `Never`. Either way the date is a
 * hint: only the issuer's answer ends a sign-in.
 */
export type Expiry = { "at": string } | "never" | "unknown";

/** One finding. */
export type Finding = {
/** What was looked at: `keychain`, `database`, `clock`, … */
topic: string,
/** `good`, `note` or `bad`. */
level: Level,
/** What was found. */
sentence: string,
/** What to do, if something is to be done. */
next_step: string | null, };

/** What a person does before connecting. */
export type GuideView = {
/** Provider id. */
provider: string,
/** Its name. */
name: string,
/** True if the person must bring an app id of their own. */
needs_client: boolean,
/** True if an app id is known here already. */
has_client: boolean,
/** True if it comes with a secret. */
needs_secret: boolean,
/** The steps, in order. */
steps: Array<string>,
/** Redirect addresses to register. */
redirects: Array<string>,
/** Permissions, with what each is for. */
scopes: Array<[string, string]>,
/** What this provider's tokens do. */
lifetime: string, };

/** One thing that happened to a grant or a post. Never holds a token. */
export type Happening = { "kind": "signed_in",
/** Announced end of the long-lived token. */
expires: Expiry, } | { "kind": "exchanged",
/** End of the short-lived token. */
from: Expiry,
/** End of the long-lived token. */
to: Expiry, } | { "kind": "sign_in_failed",
/** Why, in a sentence. */
why: string, } | { "kind": "checked" } | { "kind": "check_unclear",
/** What went wrong. */
why: CantTell, } | { "kind": "ended",
/** Why. */
reason: EndReason, } | { "kind": "recovered" } | { "kind": "expires_soon",
/** That end. */
at: string, } | { "kind": "permissions_lost",
/** Their names. */
scopes: Array<string>, } | { "kind": "permissions_gained",
/** Their names. */
scopes: Array<string>, } | { "kind": "renewed",
/** Its new end. */
expires: Expiry, } | { "kind": "signed_out",
/** True if the issuer confirmed that the sign-in is dead there too. */
revoked: boolean,
/** Until when it may still work at the issuer, if it was not. */
usable_until: Expiry, } | { "kind": "post_queued",
/** When it is due. */
due: string, } | { "kind": "post_held",
/** For what. */
why: Hold, } | { "kind": "post_retrying",
/** When it is tried again. */
at: string,
/** What went wrong. */
why: string, } | { "kind": "posted",
/** The service's id of it. */
remote_id: string,
/** Where it can be seen. */
url: string | null, } | { "kind": "post_uncertain",
/** What went wrong. */
why: string, } | { "kind": "post_not_there" } | { "kind": "post_missed" } | { "kind": "post_failed",
/** What it said. */
why: string, } | { "kind": "post_cancelled" } | { "kind": "post_edited" };

/** What a due post waits for. */
export type Hold = { "for": "sign_in",
/** Why the old one ended. */
reason: EndReason, } | { "for": "signed_out" } | { "for": "permission",
/** Their names, as far as known. */
scopes: Array<string>, } | { "for": "role" } | { "for": "unreachable",
/** What went wrong. */
why: CantTell, } | { "for": "quota",
/** What it said. */
said: string, } | { "for": "blocked",
/** What it said. */
said: string, } | { "for": "keychain",
/** Its code. */
code: string,
/** What went wrong. */
said: string, };

/** The last check of an account. */
export type LastCheckView = {
/** When it was asked. */
at: string,
/** `good`, `cant_tell` or `dead`. */
result: string,
/** The same in a sentence. */
sentence: string, };

/** How a [`Finding`] is to be taken. */
export type Level = "good" | "note" | "bad";

/** One check, as a mark. */
export type LifeCheck = {
/** When it was answered. */
at: string,
/** `good`, `cant_tell` or `dead`. */
result: string, };

/** From the sign-in to its announced ends. */
export type LifeView = {
/** When the person last signed in; none if nobody is signed in. */
signed_in_at: string | null,
/** When the token was issued. */
issued_at: string | null,
/** When the person is warned of the end, earliest first. */
warn_at: Array<string>,
/** The token's announced end. */
expires: Expiry | null,
/** The announced end of data access. */
data_access_ends: Expiry | null,
/** The checks since the sign-in, earliest first; of many, 60 spread over the time. */
checks: Array<LifeCheck>, };

/** The states of the way from the window to whoever owns the data folder. */
export type LinkState = "keeper" | "own" | "connecting" | "refused";

/** Who does the work behind the window. */
export type LinkView = {
/** The state. */
state: LinkState,
/** The same in a sentence. */
sentence: string,
/** Why nothing can be done now, with what helps. */
problem: Problem | null, };

/** What a picture may be. */
export type MediaView = {
/** Media types such as `image/png`. */
types: Array<string>,
/** Largest size in bytes. */
max_bytes: number, };

/** Data of [`Command::Post`]. */
export type NewPost = {
/** The account to post with. */
account: AccountId,
/** The Page; may be left out if there is only one. */
target: ChildId | null,
/** The text. */
text: string,
/** A link. */
link: string | null,
/** A picture. */
picture: PictureInput | null,
/** When; now if left out. */
due: string | null,
/** The IANA zone the time was chosen in. */
zone: string,
/** How late it may still go out by itself, in seconds; as the settings say if left out. */
late_limit: number | null, };

/** Something that happened, as a watcher is told. */
export type Notice = {
/** When. */
at: string,
/** To which account. */
account: AccountId | null,
/** To which post. */
post: PostId | null,
/** What. */
happening: Happening, };

/** The window's pages. */
export type Page = "accounts" | "queue" | "new" | "activity" | "settings" | "connect" | "sign_in";

/** What becomes of the picture of an edited post. */
export type PictureEdit = "keep" | "remove" | { "replace": PictureInput };

/** A picture to post. */
export type PictureInput = {
/** The file's own name, without folders. */
name: string,
/** Its bytes, in base64 on the wire. */
bytes: string, };

/** A place in the window, as links, the tray and notifications name it. */
export type Place = {
/** The page. */
page: Page,
/** The account it is about. */
account?: AccountId | null,
/** The post it is about. */
post?: PostId | null, };

/** A post's number on this computer. */
export type PostId = number;

/** One kind of post. */
export type PostKindView = {
/** `text` or `photo`. */
name: string,
/** The longest text. */
text_limit: TextLimitView,
/** True if it can carry a link. */
takes_link: boolean,
/** What its picture may be; none if it carries none. */
media: MediaView | null, };

/** A post as it is shown. */
export type PostView = {
/** Its number. */
id: PostId,
/** Its account. */
account: AccountId,
/** That account's name. */
account_name: string,
/** The Page. */
target: ChildId,
/** The Page's name, if known. */
target_name: string,
/** The text. */
text: string,
/** The link. */
link: string | null,
/** The picture's file name. */
picture: string | null,
/** When it is due. */
due: string,
/** The zone that was chosen. */
zone: string,
/** The time in that zone, `2026-12-24 18:00`. */
due_local: string,
/** How late it may still go out by itself, in seconds. */
late_limit: number,
/** `queued`, `held`, `sending`, `posted`, `retrying`, `failed`, `uncertain`, `missed`, `cancelled`. */
state: string,
/** The state in a sentence, with what to do where the person is needed. */
sentence: string,
/** True if it waits for the person. */
needs_person: boolean,
/** When something happens next by itself. */
next_look: string | null,
/** Attempts so far. */
attempts: number,
/** The service's id. */
remote_id: string | null,
/** Where it can be seen. */
url: string | null, };

/** A page of the practice network. */
export type PracticePage = "public" | "control";

/** The practice network beside the window. */
export type PracticeView = {
/** Its address, to connect with. */
origin: string, };

/** Why a command could not be carried out: a code for machines, a sentence and hints for people. */
export type Problem = {
/** For machines; see [`Code`]. */
code: Code,
/** What is wrong, and where. */
message: string,
/** What to do. */
hints?: Array<string>, };

/** A provider. */
export type ProviderView = {
/** Its id. */
id: string,
/** Its name. */
name: string,
/** True if it is on this computer, for practice. */
is_practice: boolean,
/** True if the person must bring an app id of their own. */
needs_client: boolean,
/** True if an app id is known here already. */
has_client: boolean,
/** True if it comes with a secret. */
needs_secret: boolean,
/** What this provider's tokens do, in a sentence. */
lifetime: string,
/** What can be posted. */
kinds: Array<PostKindView>, };

/** What a run brought. */
export type RanView = {
/** Checks made. */
checked: number,
/** Posts that went out. */
posted: number,
/** Posts that are held now. */
held: number,
/** Posts whose fate is not known yet. */
uncertain: number,
/** Posts that wait for the person's decision. */
needs_person: number,
/** When something is due next. */
next: string | null,
/** The first thing that could not be done; the rest was. */
problem?: Problem | null, };

/** Why the person is needed. */
export type ReasonView = {
/** For machines. */
code: EndReason,
/** What happened. */
sentence: string,
/** What to do. */
next_step: string, };

/** How long a sign-in is remembered: the person's choice, account by account. */
export type Remember = "until_quit" | { "days": number } | "always";

/** What comes back. */
export type Reply = Connected | {
/** The accounts, by name. */
accounts: Array<AccountView>, } | {
/** What to do. */
guide: GuideView, } | {
/** One for each account asked about. */
checks: Array<CheckView>, } | {
/** The Pages. */
targets: Array<TargetView>, } | {
/** The account after it. */
signed_out: SignedOutView, } | {
/** Which account. */
forgotten: AccountId, } | {
/** The account after it. */
account: AccountView, } | {
/** The post after it. */
post: PostView, } | {
/** The posts: what needs the person first, then by time. */
posts: Array<PostView>, } | {
/** What was done. */
ran: RanView, } | {
/** Newest first. */
diary: Array<DiaryView>, } | {
/** What was found. */
doctor: DoctorView, } | {
/** The providers, by id. */
providers: Array<ProviderView>, } | {
/** The life of the sign-in. */
life: LifeView, } | {
/** The choices after it. */
settings: SettingsView, } | {
/** True: the desktop took it. That it did not is a problem. */
shown: boolean, };

/** A secret on its way from the person to the keychain's owner; nothing is ever sent back in it. */
export type SecretInput = string;

/** What is to change of them; what is left out stays. */
export type SettingsChanges = {
/** How long ahead of a sign-in's announced end the person is warned, in seconds. */
warn_before: Array<number> | null,
/** How late a new post may still go out by itself, in seconds. */
late_limit: number | null, };

/** What is chosen, or what goes without a choice. */
export type SettingsView = {
/** How long ahead of a sign-in's announced end the person is warned, in seconds, longest first. */
warn_before: Array<number>,
/** How late a new post may still go out by itself, in seconds. */
late_limit: number,
/** The settings file; empty where choices are not kept. */
file: string, };

/** What signing out brought. */
export type SignedOutView = {
/** The account after it. */
account: AccountView,
/** True if the issuer confirmed that the token is dead. */
revoked: boolean,
/** The same in a sentence. */
sentence: string, };

/** Something an account can post to. */
export type TargetView = {
/** The provider's id. */
id: ChildId,
/** Its name. */
name: string,
/** `page`, … */
kind: string,
/** True if posting is allowed. */
can_post: boolean, };

/** The longest text a post may have. */
export type TextLimitView = {
/** How many. */
count: number,
/** Of what. */
unit: TextUnit, };

/** What a service counts. */
export type TextUnit = "utf16" | "codepoint" | "grapheme" | "utf8_byte";

/** What the window's program tells its page. */
export type WindowEvent = { "kind": "notice",
/** What. */
notice: Notice, } | { "kind": "missed" } | { "kind": "note",
/** In a sentence. */
sentence: string, } | { "kind": "link",
/** Who. */
link: LinkView, } | { "kind": "page",
/** The account that signs in again; none if one is connected. */
account: AccountId | null, } | { "kind": "paste_wanted",
/** The sign-in page. */
page: string,
/** What was wrong with the last text. */
mistake: string | null, } | { "kind": "go",
/** Which. */
place: Place, };
