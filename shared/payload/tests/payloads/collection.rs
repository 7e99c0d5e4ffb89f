//! The collection of real payloads: `tests/fixtures/payloads` and its manifest.

use std::fs;
use std::path::{Path, PathBuf};

use http::{HeaderMap, HeaderName, HeaderValue};
use payload::{Forge, Payload};

/// One payload, with the header that came with it.
pub(crate) struct Sample {
    /// Its path in the collection.
    pub(crate) file: String,
    /// By its headers.
    pub(crate) forge: Forge,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// The signature that came with it, as `NAME=VALUE`.
    signature: Option<String>,
}

impl Sample {
    pub(crate) fn payload(&self) -> Payload<'_> {
        Payload { headers: &self.headers, body: &self.body }
    }

    /// The header and the value of the signature that came with it.
    pub(crate) fn signature(&self) -> Option<(HeaderName, HeaderValue)> {
        let (name, value) = self.signature.as_ref()?.split_once('=')?;
        Some((name.parse().unwrap(), value.parse().unwrap()))
    }
}

/// All of them, in the manifest's order.
pub(crate) fn samples() -> Vec<Sample> {
    let manifest = fs::read_to_string(fixtures().join("payloads/manifest.tsv")).unwrap();
    let mut lines = manifest.lines();
    let columns: Vec<_> = lines.next().unwrap().split('\t').collect();
    let column = |name: &str| columns.iter().position(|column| *column == name).unwrap();
    let [forge, event, file, notes, header] = ["forge", "event", "file", "notes", "header"].map(column);
    lines
        .map(|line| {
            let fields: Vec<_> = line.split('\t').collect();
            let headers = headers(fields[header], fields[event], fields[forge]);
            Sample {
                file: fields[file].to_owned(),
                forge: Forge::recognise(&headers),
                headers,
                body: fs::read(fixtures().join("payloads").join(fields[file])).unwrap(),
                signature: fields[notes]
                    .split([' ', ';'])
                    .find(|note| note.contains("-Signature="))
                    .map(str::to_owned),
            }
        })
        .collect()
}

/// GitLab before May 2015 sent no event header, which the manifest shows as an empty event. Of Bitbucket's two, the
/// headers beside the event tell which.
fn headers(name: &str, event: &str, forge: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if !event.is_empty() {
        headers.insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), event.parse().unwrap());
    }
    if forge == "bitbucket-cloud" {
        headers.insert("x-hook-uuid", HeaderValue::from_static("a-hook"));
    }
    headers
}

pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures")
}
