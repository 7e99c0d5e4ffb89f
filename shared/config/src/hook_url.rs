//! The address that a hook's URL stands for: its `{name}` parts replaced by the values of its variables, as they are,
//! as in GitLab: a value may be a whole path, and whoever wants it escaped writes it so. What comes of it is judged as a
//! whole.
//!
//! Not here: whether the address may be connected to (`relay::egress`).

use payload::Secret;
use url::Url;

use crate::KeyedSecret;
use crate::keyed::is_variable_name;
use crate::limits::URL_BYTES_MAX;

/// Why a URL cannot be posted to. Never says the URL: it may hold a secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Something that cannot be posted to.
    #[error("a hook's url starts with http:// or https:// and names a host")]
    Url,
    /// What one program reads as the end of a host and another one does not.
    #[error("a hook's url holds no control characters and no backslashes")]
    Characters,
    /// Longer than any server reads.
    #[error("a hook's url has at most {URL_BYTES_MAX} bytes")]
    Length,
    /// A part without a value.
    #[error("a hook's url names the variable '{0}', which has no value")]
    Missing(String),
}

/// The address of a URL with these variables.
pub(crate) fn address(url: &Secret, variables: &[KeyedSecret]) -> Result<Url, UrlError> {
    if url.expose().len() > URL_BYTES_MAX {
        return Err(UrlError::Length);
    }
    let whole = with_values(url.expose(), variables)?;
    let text = whole.expose();
    if text.len() > URL_BYTES_MAX {
        return Err(UrlError::Length);
    }
    if text.chars().any(|c| c.is_control() || c == '\\') {
        return Err(UrlError::Characters);
    }
    let url = Url::parse(text).map_err(|_| UrlError::Url)?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
    if is_web { Ok(url) } else { Err(UrlError::Url) }
}

/// Braces around anything but a name are left as they are, and so is what a value brings in.
fn with_values(url: &str, variables: &[KeyedSecret]) -> Result<Secret, UrlError> {
    let mut whole = String::new();
    let mut rest = url;
    while let Some((before, after)) = rest.split_once('{') {
        whole.push_str(before);
        if let Some((name, behind)) = after.split_once('}').filter(|(name, _)| is_variable_name(name)) {
            let variable = variables.iter().find(|variable| variable.key == name);
            let variable = variable.ok_or_else(|| UrlError::Missing(name.to_owned()))?;
            whole.push_str(variable.value.expose());
            rest = behind;
        } else {
            whole.push('{');
            rest = after;
        }
    }
    whole.push_str(rest);
    Ok(Secret::new(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, variables: &[(&str, &str)]) -> Result<String, UrlError> {
        let variables: Vec<_> = variables.iter().map(|(key, value)| KeyedSecret::new(key, value)).collect();
        address(&Secret::new(url), &variables).map(String::from)
    }

    #[test]
    fn a_hook_posts_to_the_web_and_nowhere_else() {
        assert_eq!(
            check("https://ci.example.com/build?x=1", &[]).unwrap(),
            "https://ci.example.com/build?x=1"
        );
        for bad in ["ci.example.com", "ftp://example.com/", "mailto:someone@example.com", "http://"] {
            assert_eq!(check(bad, &[]), Err(UrlError::Url), "{bad}");
        }
        assert_eq!(check("http://example.com\\@inside/", &[]), Err(UrlError::Characters));
        assert_eq!(check("http://exam\nple.com/", &[]), Err(UrlError::Characters));
        assert_eq!(check(&format!("http://h/{}", "x".repeat(3000)), &[]), Err(UrlError::Length));
    }

    #[test]
    fn a_name_in_braces_is_replaced_by_its_value_as_it_is() {
        let url = "https://{host}.example.com/hooks/{token}?x={a b}";
        assert_eq!(
            check(url, &[("host", "chat"), ("token", "T0/{host}/%2F")]).unwrap(),
            "https://chat.example.com/hooks/T0/%7Bhost%7D/%2F?x={a%20b}",
            "what a value brings in is no name"
        );
        assert_eq!(check(url, &[("host", "chat")]), Err(UrlError::Missing("token".to_owned())));
    }

    #[test]
    fn what_a_value_makes_of_a_url_is_judged_as_a_whole() {
        assert_eq!(check("{all}", &[("all", "ftp://example.com/")]), Err(UrlError::Url));
        assert_eq!(check("http://h/{a}", &[("a", "\\")]), Err(UrlError::Characters));
        let twenty = "{a}".repeat(600);
        assert_eq!(check(&format!("http://h/{twenty}"), &[("a", "12345")]), Err(UrlError::Length));
    }
}
