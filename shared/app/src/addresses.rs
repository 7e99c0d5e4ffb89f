//! Where this Bellhop is reached from outside, and from where.

use std::net::IpAddr;

use config::WebUrl;

/// The beginnings of links that are given away. On one machine all are the same; on AWS each function has a URL of its own.
/// What is not known is not linked to, and what needs a link says so.
#[derive(Clone, Debug, Default)]
pub struct Addresses {
    /// Of the web console: logs of runs, linking of accounts.
    pub console: Option<WebUrl>,
    /// Of the door for slash commands: what a forge calls back.
    pub commands: Option<WebUrl>,
}

/// Where a request comes from, among its extensions: put there by whoever takes connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);
