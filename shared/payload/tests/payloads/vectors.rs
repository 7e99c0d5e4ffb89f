//! The signature vectors of `tests/fixtures/vectors.json`, and the signed bodies of the collection.

use std::fs;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderName, HeaderValue};
use payload::{Forge, Payload, Scheme, Secret, Verdict, verify};
use serde_json::Value;

use crate::collection::{fixtures, samples};

/// A request that proves where it comes from.
#[derive(Clone)]
pub(crate) struct Vector {
    pub(crate) name: String,
    pub(crate) forge: Forge,
    pub(crate) secret: String,
    pub(crate) headers: HeaderMap,
    /// Which of the headers is the proof.
    pub(crate) proof: HeaderName,
    /// What stands before the signature in it.
    pub(crate) prefix: &'static str,
    pub(crate) body: Vec<u8>,
    /// The time of day, in seconds since 1970, at which it is sent.
    pub(crate) now_s: i64,
    pub(crate) scheme: Scheme,
}

impl Vector {
    pub(crate) fn verdict(&self) -> Verdict {
        self.verdict_with(&[&self.secret])
    }

    pub(crate) fn verdict_with(&self, secrets: &[&str]) -> Verdict {
        let secrets: Vec<_> = secrets.iter().copied().map(Secret::new).collect();
        verify(self.forge, &secrets, Payload { headers: &self.headers, body: &self.body }, self.now_s)
    }

    pub(crate) fn value(&self) -> &str {
        self.headers[&self.proof].to_str().unwrap()
    }

    /// The same with another proof; `None` if no header can carry it.
    pub(crate) fn with_value(&self, value: &[u8]) -> Option<Self> {
        let mut changed = self.clone();
        changed.headers.insert(self.proof.clone(), value.try_into().ok()?);
        Some(changed)
    }
}

/// Who signs like this: the forges, the header, its prefix.
fn signers(scheme: &str) -> Vec<(Forge, &'static str, &'static str)> {
    const HUB: &str = "x-hub-signature";
    match scheme {
        "github-sha256" | "github-both" => vec![(Forge::GitHub, "x-hub-signature-256", "sha256=")],
        "bitbucket-cloud" => vec![(Forge::BitbucketCloud, HUB, "sha256=")],
        "bitbucket-server" => vec![(Forge::BitbucketServer, HUB, "sha256=")],
        "gitea-forgejo-gogs" => vec![
            (Forge::Gitea, "x-gitea-signature", ""),
            (Forge::Forgejo, "x-forgejo-signature", ""),
            (Forge::Gogs, "x-gogs-signature", ""),
            // Whoever takes one of them for a GitHub finds GitHub's header, too.
            (Forge::GitHub, "x-hub-signature-256", "sha256="),
        ],
        "standard-webhooks-v1" | "gitlab-signing-token (GitLab 19.0+)" => {
            vec![(Forge::GitLab, "webhook-signature", "v1,")]
        }
        "gitlab-token" => vec![(Forge::GitLab, "x-gitlab-token", "")],
        // SHA-1 proves nothing, and nobody sends the others to a forge's address.
        "github-sha1-legacy" | "slack-v0" | "discord-ed25519" => vec![],
        unknown => panic!("nobody has said what becomes of {unknown}"),
    }
}

/// Every vector whose scheme is a forge's, once for each forge that signs like this.
pub(crate) fn vectors() -> Vec<Vector> {
    let file = fs::read(fixtures().join("vectors.json")).unwrap();
    let entries: Vec<Value> = serde_json::from_slice(&file).unwrap();
    entries.iter().flat_map(of_entry).collect()
}

fn of_entry(entry: &Value) -> Vec<Vector> {
    let text = |name: &str| entry[name].as_str();
    let scheme = text("scheme").unwrap();
    let listed = entry["headers"].as_object().into_iter().flatten();
    let listed = listed.map(|(name, value)| (name.as_str(), value.as_str().unwrap()));
    let headers: HeaderMap = listed
        .chain(text("header").zip(text("value")))
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .collect();
    let body = match text("body_file") {
        Some(path) => fs::read(fixtures().join("payloads").join(path)).unwrap(),
        None => text("body").unwrap_or_default().into(),
    };
    let signed_at = headers.get("webhook-timestamp").map(|value| value.to_str().unwrap().parse().unwrap());
    let vector = |(forge, proof, prefix): (Forge, &'static str, &'static str)| Vector {
        name: format!("{scheme} by {forge}"),
        forge,
        secret: text("secret").unwrap().to_owned(),
        headers: headers.clone(),
        proof: HeaderName::from_static(proof),
        prefix,
        body: body.clone(),
        now_s: signed_at.unwrap_or_default(),
        scheme: match proof {
            "webhook-signature" => Scheme::StandardWebhooks,
            "x-gitlab-token" => Scheme::Token,
            _ => Scheme::HubSignature,
        },
    };
    signers(scheme).into_iter().map(vector).collect()
}

#[test]
fn every_vector_verifies() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 11);
    for vector in vectors {
        assert_eq!(vector.verdict(), Verdict::Authentic(vector.scheme), "{}", vector.name);
    }
}

#[test]
fn every_signed_body_of_the_collection_verifies_and_no_other_secret_does() {
    let mut counts = [0; 3];
    for mut sample in samples() {
        let Some((name, value)) = sample.signature() else { continue };
        sample.headers.insert(name, value);
        // The secrets of the tests that the payloads are from.
        let (secret, count) = match sample.forge {
            Forge::BitbucketServer => ("secret", &mut counts[0]),
            Forge::Gitea => ("IsWishesWereHorsesWedAllBeEatingSteak!", &mut counts[1]),
            Forge::Gogs => ("sampleToken!", &mut counts[2]),
            other => panic!("{other} signed {}", sample.file),
        };
        *count += 1;
        let verdict = |secret: &str| verify(sample.forge, &[Secret::new(secret)], sample.payload(), 0);
        assert_eq!(verdict(secret), Verdict::Authentic(Scheme::HubSignature), "{}", sample.file);
        assert!(matches!(verdict("another"), Verdict::Refused(_)), "{}", sample.file);
    }
    assert_eq!(counts, [17, 9, 8]);
}

#[test]
fn a_compressed_body_is_signed_as_it_is_sent_and_by_giteas_kin_as_it_was() {
    for vector in vectors().into_iter().filter(|vector| vector.name.starts_with("gitea-forgejo-gogs")) {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&vector.body).unwrap();
        let mut compressed = Vector { body: encoder.finish().unwrap(), ..vector.clone() };
        assert!(matches!(compressed.verdict(), Verdict::Refused(_)), "{}", vector.name);
        compressed.headers.insert("content-encoding", HeaderValue::from_static("gzip"));
        let is_unwrapped = vector.forge != Forge::GitHub;
        assert_eq!(
            compressed.verdict() == Verdict::Authentic(vector.scheme),
            is_unwrapped,
            "{}",
            vector.name
        );

        // What nobody can unwrap is authentic all the same, so that the sender hears what is wrong with it.
        let mut unreadable = vector.clone();
        unreadable.headers.insert("content-encoding", HeaderValue::from_static("br"));
        assert_eq!(unreadable.verdict(), Verdict::Authentic(vector.scheme), "{}", vector.name);
    }
}
