//! What the pages may ask; each command has a permission of its own (`build.rs`, `capabilities/`).
#![expect(
    clippy::needless_pass_by_value,
    reason = "Tauri gives commands what they are asked with by value"
)]

use std::sync::Arc;

use evergrant_core::Instant;
use evergrant_core::command::{
    Code, Command, Connect, Edit, NewPost, Problem, Reply, SecretInput, SettingsChanges,
};
use evergrant_core::grant::Remember;
use evergrant_core::ids::{AccountId, PostId};
use evergrant_core::window::{
    AboutView, AutostartView, Draft, PracticePage, PracticeView, WindowEvent,
};
use evergrant_engine::ports::browser::open_page;
use tauri::State;
use tauri::ipc::Channel;

use crate::desk::Desk;
use crate::login;

type Answer = Result<Reply, Problem>;
type TheDesk<'a> = State<'a, Arc<Desk>>;

/// A command of the core that needs nobody's browser, as a command of the window.
macro_rules! ask {
    ($(#[$doc:meta])* $name:ident($($arg:ident: $type:ty),*) => $command:expr) => {
        $(#[$doc])*
        #[tauri::command(rename_all = "snake_case")]
        pub async fn $name(desk: TheDesk<'_> $(, $arg: $type)*) -> Answer {
            desk.link.ask($command).await
        }
    };
}

ask!(/// Every account with its facts, never with its tokens.
    accounts() => Command::Accounts);
ask!(/// All providers.
    providers() => Command::Providers);
ask!(/// What a provider wants first.
    guide(provider: String) => Command::Guide { provider });
ask!(/// Connects whoever had signed in unexpectedly.
    adopt_other() => Command::AdoptOther);
ask!(/// Asks the issuer.
    check(account: Option<AccountId>) => Command::Check { account });
ask!(/// The Pages of an account.
    targets(account: AccountId) => Command::Targets { account });
ask!(/// Revokes and deletes.
    sign_out(account: AccountId, anyway: bool) => Command::SignOut { account, anyway });
ask!(/// Removes every trace here.
    forget(account: AccountId, drop_posts: bool) => Command::Forget { account, drop_posts });
ask!(/// How long to be remembered.
    remember(account: AccountId, remember: Remember) => Command::Remember { account, remember });
ask!(/// Queues a post.
    post(post: NewPost) => Command::Post(post));
ask!(/// Changes one.
    edit(edit: Edit) => Command::Edit(edit));
ask!(/// The queue.
    queue(all: bool) => Command::Queue { all });
ask!(/// Sends a post now.
    send_now(post: PostId) => Command::SendNow { post });
ask!(/// Takes a post back.
    cancel(post: PostId) => Command::Cancel { post });
ask!(/// Gives a post another time.
    reschedule(post: PostId, due: Instant, zone: String) => Command::Reschedule { post, due, zone });
ask!(/// Says whether an uncertain post stands.
    settle(post: PostId, posted: bool) => Command::Settle { post, posted });
ask!(/// What happened.
    diary(account: Option<AccountId>, post: Option<PostId>, limit: u32) =>
        Command::Diary { account, post, limit });
ask!(/// The life of a sign-in.
    life(account: AccountId) => Command::Life { account });
ask!(/// The settings.
    settings() => Command::Settings);
ask!(/// Changes them.
    change_settings(changes: SettingsChanges) => Command::ChangeSettings { changes });
ask!(/// Tries whether notifications are seen.
    test_notice() => Command::TestNotice);
ask!(/// What works here.
    doctor() => Command::Doctor);

/// Connects an account; the person's browser opens.
#[tauri::command(rename_all = "snake_case")]
pub async fn connect(desk: TheDesk<'_>, connect: Connect) -> Answer {
    desk.trip(None, Command::Connect(connect)).await
}

/// Signs in again; the person's browser opens.
#[tauri::command(rename_all = "snake_case")]
pub async fn sign_in(
    desk: TheDesk<'_>,
    account: AccountId,
    remember: Option<Remember>,
    paste: bool,
) -> Answer {
    let command = Command::SignIn {
        account: account.clone(),
        remember,
        paste,
    };
    desk.trip(Some(account), command).await
}

/// Gives up the sign-in under way.
#[tauri::command]
pub fn cancel_sign_in(desk: TheDesk<'_>) {
    desk.trips.cancel();
}

/// The address of the last page, as the person has pasted it.
#[tauri::command(rename_all = "snake_case")]
pub fn pasted(desk: TheDesk<'_>, text: SecretInput) -> Result<(), Problem> {
    desk.trips.pasted(text.0)
}

/// Tells the page what happens from now on.
#[tauri::command(rename_all = "snake_case")]
pub fn watch(desk: TheDesk<'_>, channel: Channel<WindowEvent>) {
    let link = desk.link.view();
    desk.events.watch(channel, WindowEvent::Link { link });
}

/// Starts the practice network, or finds it.
#[tauri::command]
pub async fn practice_start(desk: TheDesk<'_>) -> Result<PracticeView, Problem> {
    let desk = Arc::clone(&desk);
    aside(move || desk.practice.start()).await
}

/// Opens a page of the practice network in the person's browser.
#[tauri::command(rename_all = "snake_case")]
pub fn open_practice(desk: TheDesk<'_>, page: PracticePage) -> Result<(), Problem> {
    open(&desk.practice.address(page))
}

/// Opens a post's own page in the person's browser.
#[tauri::command(rename_all = "snake_case")]
pub async fn open_post(desk: TheDesk<'_>, post: PostId) -> Result<(), Problem> {
    let reply = desk.link.ask(Command::Queue { all: true }).await?;
    let Reply::Queue { posts } = reply else {
        return Err(Problem::new(Code::NotNow, "the queue could not be read"));
    };
    let url = posts
        .into_iter()
        .find(|known| known.id == post)
        .and_then(|known| known.url);
    match url {
        Some(url) => open(&url),
        None => Err(Problem::new(
            Code::NoSuchPost,
            format!("post {post} has no page of its own"),
        )),
    }
}

/// The posts that are being written.
#[tauri::command]
pub async fn drafts(desk: TheDesk<'_>) -> Result<Vec<Draft>, Problem> {
    let desk = Arc::clone(&desk);
    aside(move || {
        let (drafts, remarks) = desk.drafts.all()?;
        for sentence in remarks {
            desk.events.tell(WindowEvent::Note { sentence });
        }
        Ok(drafts)
    })
    .await
}

/// Keeps a post that is being written.
#[tauri::command(rename_all = "snake_case")]
pub async fn keep_draft(desk: TheDesk<'_>, draft: Draft) -> Result<(), Problem> {
    let desk = Arc::clone(&desk);
    aside(move || desk.drafts.keep(&draft)).await
}

/// Drops it.
#[tauri::command(rename_all = "snake_case")]
pub async fn drop_draft(desk: TheDesk<'_>, id: String) -> Result<(), Problem> {
    let desk = Arc::clone(&desk);
    aside(move || desk.drafts.drop_draft(&id)).await
}

/// Who starts the keeper at login.
#[tauri::command]
pub async fn autostart() -> AutostartView {
    login::view()
}

/// Has the keeper started at login, or no longer.
#[tauri::command(rename_all = "snake_case")]
pub async fn set_autostart(on: bool) -> Result<AutostartView, Problem> {
    login::set(on)?;
    Ok(login::view())
}

/// What this is and where it keeps things.
#[tauri::command]
pub fn about(desk: TheDesk<'_>) -> AboutView {
    AboutView {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        data: desk.places.data.display().to_string(),
        config: desk.places.config.display().to_string(),
    }
}

fn open(address: &str) -> Result<(), Problem> {
    open_page(address).map_err(|error| {
        Problem::new(Code::File, error.to_string())
            .hint("Choose a browser in your desktop's settings, then try again.")
    })
}

/// Work on files and processes keeps nobody else waiting.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    tauri::async_runtime::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| Err(Problem::new(Code::NotNow, "the command was given up")))
}
