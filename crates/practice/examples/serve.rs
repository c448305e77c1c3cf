//! Starts a practice network and prints its address as the first line; ends on Ctrl-C.
//!
//! `serve [ADDRESS] [STATE_FILE]`, for example `serve 127.0.0.1:9450 /somewhere/practice.json`.

use std::io::Write as _;

use evergrant_practice::{Options, Practice};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut options = Options::default();
    if let Some(address) = arguments.next() {
        options.address = address.parse()?;
    }
    options.state_file = arguments.next().map(Into::into);
    let practice = Practice::start(options).await?;
    println!("{}", practice.origin());
    std::io::stdout().flush()?;
    tokio::signal::ctrl_c().await?;
    practice.stop().await;
    Ok(())
}
