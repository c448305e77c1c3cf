//! What everybody can see: the Pages and their posts.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::html::{Width, escape, page as whole_page};
use super::serve;
use crate::Network;
use crate::graph::long_date;
use crate::world::{Post, World};

/// `/`: the list of Pages; with `ids` it is a Graph call.
pub(super) async fn index(State(network): State<Arc<Network>>, request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default();
    if url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "ids") {
        return serve::serve(State(network), request).await;
    }
    let body = network.look(|world, now| {
        world.pages.values().fold(String::new(), |mut html, page| {
            let posts = world.posts.iter().filter(|post| post.page == page.id && post.is_visible(now)).count();
            let _ = write!(
                html,
                "<div class=\"card\"><h2><a href=\"/pages/{id}\">{name}</a></h2><p class=\"soft\">{category} · Page \
                 {id} · {posts} {noun}</p></div>",
                id = escape(&page.id),
                name = escape(&page.name),
                category = escape(&page.category),
                noun = if posts == 1 { "post" } else { "posts" },
            );
            html
        })
    });
    whole_page(StatusCode::OK, "Pages", Width::Normal, &body)
}

/// A Page with its posts, newest first.
pub(super) async fn page(State(network): State<Arc<Network>>, Path(id): Path<String>) -> Response {
    network.look(|world, now| {
        let Some(page) = world.pages.get(&id) else {
            return whole_page(
                StatusCode::NOT_FOUND,
                "No such Page",
                Width::Normal,
                "<p>There is no Page here.</p>",
            );
        };
        let mut posts: Vec<&Post> = world
            .posts
            .iter()
            .filter(|post| post.page == id && post.is_visible(now))
            .collect();
        posts.reverse();
        posts.sort_by_key(|post| std::cmp::Reverse(post.appears_at()));
        let mut body: String = posts.iter().map(|post| article(world, post)).collect();
        if body.is_empty() {
            body.push_str("<p class=\"soft\">Nothing has been posted yet.</p>");
        }
        whole_page(StatusCode::OK, &page.name, Width::Normal, &body)
    })
}

/// The bytes of a photo.
pub(super) async fn photo(State(network): State<Arc<Network>>, Path(id): Path<String>) -> Response {
    let found = network.look(|world, _| {
        let photo = world.photos.get(&id)?;
        Some((photo.media_type.clone()?, photo.bytes.as_ref().clone()))
    });
    match found {
        Some((media_type, bytes)) => (
            [
                (header::CONTENT_TYPE, media_type.as_str()),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            ],
            bytes,
        )
            .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn article(world: &World, post: &Post) -> String {
    let mut html = format!(
        "<article class=\"card\" id=\"{}\"><p class=\"soft\"><time>{}</time></p>",
        escape(&post.id),
        long_date(post.appears_at())
    );
    if let Some(message) = &post.message {
        let _ = write!(html, "<p class=\"text\">{}</p>", escape(message));
    }
    // Links were checked to be http or https when they were posted.
    if let Some(link) = &post.link {
        let link = escape(link);
        let _ = write!(
            html,
            "<p><a href=\"{link}\" rel=\"noopener noreferrer nofollow\">{link}</a></p>"
        );
    }
    for photo in post.photos.iter().filter_map(|id| world.photos.get(id)) {
        let about = escape(photo.caption.as_deref().unwrap_or("Photo"));
        // A photo given by address stays an address: nothing is loaded from elsewhere.
        let _ = match &photo.address {
            Some(address) => {
                let address = escape(address);
                write!(
                    html,
                    "<p>Photo: <a href=\"{address}\" rel=\"noopener noreferrer nofollow\">{address}</a></p>"
                )
            }
            None => write!(
                html,
                "<img src=\"/photos/{}\" alt=\"{about}\">",
                escape(&photo.id)
            ),
        };
    }
    html.push_str("</article>");
    html
}
