//! Word that the network has changed: a cable, a wireless network, an address, a route.

use tokio::sync::Notify;

use super::Pending;

/// Learning that the network may be there again.
pub trait NetworkWatch: Send + Sync {
    /// Ends when something about the network changes from now on; whether services can be reached
    /// is for the caller to try. Never ends where no word of it can be had.
    fn changed(&self) -> Pending<'_, ()>;
}

/// This computer's network. On Linux the kernel tells (`rtnetlink(7)`); elsewhere there is no word.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemNetwork;

impl NetworkWatch for SystemNetwork {
    fn changed(&self) -> Pending<'_, ()> {
        Box::pin(async {
            #[cfg(target_os = "linux")]
            if route::changed().await.is_ok() {
                return;
            }
            std::future::pending::<()>().await;
        })
    }
}

/// A network that changes when it is told to.
#[derive(Debug, Default)]
pub struct HandNetwork {
    changes: Notify,
}

impl HandNetwork {
    /// A network that stays as it is.
    pub fn new() -> Self {
        Self::default()
    }

    /// It changes now.
    pub fn change(&self) {
        self.changes.notify_waiters();
    }
}

impl NetworkWatch for HandNetwork {
    fn changed(&self) -> Pending<'_, ()> {
        Box::pin(self.changes.notified())
    }
}

#[cfg(target_os = "linux")]
mod route {
    use std::io;
    use std::os::fd::OwnedFd;

    use rustix::io::Errno;
    use rustix::net::netlink::SocketAddrNetlink;
    use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with};
    use tokio::net::unix::pipe;

    /// `RTMGRP_LINK`, `RTMGRP_IPV4_IFADDR`, `RTMGRP_IPV4_ROUTE`, `RTMGRP_IPV6_IFADDR` and
    /// `RTMGRP_IPV6_ROUTE` of `linux/rtnetlink.h`.
    const GROUPS: u32 = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;

    /// A socket that hears of links, addresses and routes. Needs no rights.
    pub fn listen() -> io::Result<OwnedFd> {
        // Protocol 0 of this family is NETLINK_ROUTE.
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::NONBLOCK | SocketFlags::CLOEXEC,
            None,
        )?;
        bind(&socket, &SocketAddrNetlink::new(0, GROUPS))?;
        Ok(socket)
    }

    /// Ends with the next message. What it says does not matter: the way to know is to try.
    pub async fn changed() -> io::Result<()> {
        // Tokio's reader of whatever `read(2)` reads.
        let socket = pipe::Receiver::from_owned_fd_unchecked(listen()?)?;
        loop {
            socket.readable().await?;
            let mut message = [0; 64];
            match socket.try_read(&mut message) {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // Messages were lost because there were too many.
                Err(error) if Errno::from_io_error(&error) == Some(Errno::NOBUFS) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    #[cfg(test)]
    mod tests {
        #[test]
        fn the_kernel_lets_anybody_listen() {
            super::listen().unwrap();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_network_tells_of_changes_from_now_on() {
        let network = HandNetwork::new();
        network.change();
        let mut later = network.changed();
        assert!((&mut later).now_or_never().is_none(), "that was before");
        network.change();
        later.await;
    }

    #[tokio::test]
    async fn this_computers_network_is_heard_without_a_word_when_nothing_changes() {
        // Sandboxes may forbid the socket; then there is simply no word.
        let heard = SystemNetwork.changed().now_or_never();
        assert!(heard.is_none());
    }
}
