//! Where a repository is, read from the address that people know.
//!
//! Not here: whether it may be reached.

use std::path::PathBuf;
use std::str::FromStr;

use url::Url;

/// The ports that an address without one means.
const HTTPS_PORT: u16 = 443;
const SSH_PORT: u16 = 22;

/// Who forges let in over ssh, by the key.
const SSH_USER: &str = "git";

/// Where a repository is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remote {
    /// `https://host/path`, without credentials.
    Https(Url),
    /// `ssh://user@host:port/path`, or `user@host:path`.
    Ssh(Ssh),
    /// `file:///path`: a folder of this machine.
    File(PathBuf),
}

/// Where a repository behind ssh is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ssh {
    /// Who is let in.
    pub user: String,
    /// A name or an address.
    pub host: String,
    /// 22 where none is said.
    pub port: u16,
    /// As the host knows it. With a slash in front it counts from the root, else from the user's home.
    pub path: String,
}

/// Nothing that can be fetched here.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a repository's address is https://host/path, ssh://user@host/path, user@host:path or file:///path")]
pub struct RemoteError;

impl Remote {
    /// The host and port to judge; `None` for a folder of this machine.
    pub fn place(&self) -> Option<(&str, u16)> {
        match self {
            Self::Https(url) => Some((url.host_str()?, url.port().unwrap_or(HTTPS_PORT))),
            Self::Ssh(ssh) => Some((&ssh.host, ssh.port)),
            Self::File(_) => None,
        }
    }
}

impl FromStr for Remote {
    type Err = RemoteError;

    fn from_str(text: &str) -> Result<Self, RemoteError> {
        // A URL's parser drops line breaks; nobody means one.
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(RemoteError);
        }
        let Ok(url) = Url::parse(text) else { return scp_like(text).map(Self::Ssh).ok_or(RemoteError) };
        if url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(RemoteError);
        }
        let host = url.host_str().unwrap_or_default();
        match url.scheme() {
            "https" if !host.is_empty() && url.username().is_empty() => Ok(Self::Https(url)),
            "ssh" if is_name(host) && url.path().len() > 1 => {
                let user = if url.username().is_empty() { SSH_USER } else { url.username() };
                let (user, path) = (user.to_owned(), url.path().to_owned());
                let (host, port) = (host.to_owned(), url.port().unwrap_or(SSH_PORT));
                Ok(Self::Ssh(Ssh { user, host, port, path }))
            }
            "file" => url.to_file_path().map(Self::File).map_err(|()| RemoteError),
            _ => Err(RemoteError),
        }
    }
}

fn scp_like(text: &str) -> Option<Ssh> {
    let (user, rest) = text.split_once('@')?;
    let (host, path) = rest.split_once(':')?;
    let is_path = !path.is_empty() && !path.starts_with('-');
    (is_name(user) && is_name(host) && is_path).then(|| Ssh {
        user: user.to_owned(),
        host: host.to_owned(),
        port: SSH_PORT,
        path: path.to_owned(),
    })
}

fn is_name(part: &str) -> bool {
    !part.is_empty() && !part.starts_with('-') && !part.contains('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_git_reads_it() {
        let place = |text: &str| {
            let remote: Remote = text.parse().unwrap();
            remote.place().map(|(host, port)| format!("{host} {port}"))
        };
        assert_eq!(place("https://h.example/g/p.git").unwrap(), "h.example 443");
        assert_eq!(place("https://h.example:8443/g/p.git").unwrap(), "h.example 8443");
        assert_eq!(place("ssh://git@h.example:2222/g/p.git").unwrap(), "h.example 2222");
        assert_eq!(place("git@h.example:g/p.git").unwrap(), "h.example 22");
        assert_eq!(place("file:///srv/git/p.git"), None);
        let Remote::Ssh(ssh) = "git@h.example:g/p.git".parse().unwrap() else { panic!("it is ssh") };
        assert_eq!((ssh.user.as_str(), ssh.path.as_str()), ("git", "g/p.git"));
    }

    #[test]
    fn what_could_be_taken_for_something_else_is_no_address() {
        for text in [
            "http://h/p.git",
            "https://u:p@h/p.git",
            "https://h/p.git?x",
            "ext::sh -c id",
            "-oProxyCommand=id@h:p",
            "git@-oProxyCommand=id:p",
            "git@h:-x",
            "ssh://-oProxyCommand=id/p",
            "file://host/srv/p.git",
            "https://h/p\n.git",
            "/srv/git/p.git",
            "",
        ] {
            assert_eq!(text.parse::<Remote>(), Err(RemoteError), "{text:?}");
        }
    }
}
