//! The person in front of the browser: reads the address, answers the dialog, follows the redirect.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use evergrant_engine::ports::SystemBrowser;
use evergrant_practice::{Choice, Network};
use url::Url;

/// How long our own listener may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A browser whose person always says yes, and which counts how often it was opened.
pub fn browser(network: Arc<Network>, opened: Arc<AtomicUsize>) -> SystemBrowser {
    SystemBrowser::new().with_launch(move |page| {
        opened.fetch_add(1, Ordering::SeqCst);
        let answered = network.answer_dialog(page.as_str(), "ada", &Choice::Everything);
        let next = answered.map_err(|error| io::Error::other(error.to_string()))?;
        follow(&next)
    })
}

/// Goes where the dialog leads, as a browser does.
fn follow(address: &str) -> io::Result<()> {
    let url = Url::parse(address).map_err(|error| io::Error::other(error.to_string()))?;
    let (Some(host), Some(port)) = (url.host_str(), url.port()) else {
        return Err(io::Error::other("the redirect leads nowhere"));
    };
    let mut stream = TcpStream::connect((host, port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let query = url.query().unwrap_or_default();
    write!(
        stream,
        "GET {}?{query} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n",
        url.path()
    )?;
    let mut page = String::new();
    stream.read_to_string(&mut page)?;
    if page.starts_with("HTTP/1.1 200") {
        Ok(())
    } else {
        Err(io::Error::other(
            "the page at the end of the sign-in did not come",
        ))
    }
}
