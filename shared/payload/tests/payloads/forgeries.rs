//! What is not quite authentic, made from each vector: one bit, one byte, the prefix, the length, the secret, the time.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use payload::{Refusal, Scheme, Verdict};

use crate::vectors::{Vector, vectors};

/// A body up to this length is tried bit by bit, a longer one at as many places.
const PLACES: usize = 64;

/// Everything a wrong proof may be called. An error of the clock is none of them.
fn assert_refused(vector: &Vector, what: &str) {
    let refusal = if vector.scheme == Scheme::Token { Refusal::WrongToken } else { Refusal::WrongSignature };
    assert_eq!(vector.verdict(), Verdict::Refused(refusal), "{}: {what}", vector.name);
}

fn signed() -> impl Iterator<Item = Vector> {
    vectors().into_iter().filter(|vector| vector.scheme != Scheme::Token)
}

/// The signature behind the prefix, as bytes.
fn signature(vector: &Vector) -> Vec<u8> {
    let text = vector.value().strip_prefix(vector.prefix).unwrap();
    match vector.scheme {
        Scheme::StandardWebhooks => STANDARD.decode(text).unwrap(),
        _ => {
            (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
        }
    }
}

fn with_signature(vector: &Vector, signature: &[u8]) -> Vector {
    let text = match vector.scheme {
        Scheme::StandardWebhooks => STANDARD.encode(signature),
        _ => signature.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat(),
    };
    vector.with_value(format!("{}{text}", vector.prefix).as_bytes()).unwrap()
}

#[test]
fn one_bit_of_a_signature_makes_it_wrong() {
    for vector in signed() {
        let right = signature(&vector);
        assert_eq!(with_signature(&vector, &right).verdict(), Verdict::Authentic(vector.scheme));
        for bit in 0..right.len() * 8 {
            let mut wrong = right.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert_refused(&with_signature(&vector, &wrong), &format!("bit {bit} of the signature"));
        }
    }
}

#[test]
fn one_character_of_a_header_makes_it_wrong() {
    for vector in vectors() {
        let right = vector.value().as_bytes().to_vec();
        for (at, bit) in (0..right.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut wrong = right.clone();
            wrong[at] ^= 1 << bit;
            let is_same_hex = vector.scheme == Scheme::HubSignature
                && at >= vector.prefix.len()
                && wrong.eq_ignore_ascii_case(&right);
            let Some(changed) = vector.with_value(&wrong) else { continue };
            match changed.verdict() {
                Verdict::Authentic(_) => assert!(is_same_hex, "{}: bit {bit} of {at}", vector.name),
                Verdict::Refused(_) => assert!(!is_same_hex, "{}: bit {bit} of {at}", vector.name),
                Verdict::Unsigned => panic!("{}: bit {bit} of {at}", vector.name),
            }
        }
    }
}

#[test]
fn one_bit_or_one_byte_of_a_body_makes_the_signature_wrong() {
    for vector in signed() {
        let step = (vector.body.len() / PLACES).max(1);
        for (at, bit) in (0..vector.body.len()).step_by(step).flat_map(|at| (0..8).map(move |bit| (at, bit)))
        {
            let mut changed = vector.clone();
            changed.body[at] ^= 1 << bit;
            assert_refused(&changed, &format!("bit {bit} of byte {at} of the body"));
        }
        for at in (0..vector.body.len()).step_by(step) {
            let mut shorter = vector.clone();
            shorter.body.remove(at);
            assert_refused(&shorter, &format!("without byte {at} of the body"));
        }
        let mut longer = vector.clone();
        longer.body.push(b' ');
        assert_refused(&longer, "a space behind the body");
    }
}

#[test]
fn another_prefix_or_none_makes_a_signature_wrong() {
    const PREFIXES: [&str; 12] = [
        "", "sha1=", "sha512=", "SHA256=", "sha256:", "sha256==", "sha256= ", "v0=", "v1=", "v1a,", "v2,",
        "V1,",
    ];
    for vector in signed() {
        let bare = vector.value().strip_prefix(vector.prefix).unwrap();
        for prefix in PREFIXES.into_iter().chain(["sha256=", "v1,"]).filter(|other| *other != vector.prefix) {
            let changed = vector.with_value(format!("{prefix}{bare}").as_bytes()).unwrap();
            assert_refused(&changed, &format!("the prefix '{prefix}'"));
        }
    }
}

#[test]
fn another_length_makes_a_signature_wrong() {
    for vector in signed() {
        let value = vector.value();
        let bare = value.strip_prefix(vector.prefix).unwrap();
        for end in vector.prefix.len() + 1..value.len() {
            let changed = vector.with_value(&value.as_bytes()[..end]).unwrap();
            assert_refused(&changed, &format!("the first {end} characters"));
        }
        for longer in
            [format!("{value}0"), format!("{value}00"), format!("{value}="), format!("{value}{bare}")]
        {
            assert_refused(&vector.with_value(longer.as_bytes()).unwrap(), &longer);
        }
    }
}

#[test]
fn another_secret_makes_every_proof_wrong() {
    for vector in vectors() {
        let secret = vector.secret.clone();
        let mut others =
            vec![String::new(), format!("{secret} "), format!(" {secret}"), "another".to_owned()];
        others.push(secret[..secret.len() - 1].to_owned());
        for at in 0..secret.len() {
            let mut bytes = secret.clone().into_bytes();
            bytes[at] ^= 1;
            others.push(String::from_utf8(bytes).unwrap());
        }
        for other in others {
            assert_refused(
                &Vector { secret: other.clone(), ..vector.clone() },
                &format!("the secret '{other}'"),
            );
        }
    }
}

#[test]
fn another_time_or_id_makes_a_standard_signature_wrong() {
    let vectors: Vec<_> = vectors().into_iter().filter(|v| v.scheme == Scheme::StandardWebhooks).collect();
    assert_eq!(vectors.len(), 2);
    for vector in vectors {
        let signed_at = vector.now_s;
        for (name, other) in [
            ("webhook-timestamp", (signed_at + 1).to_string()),
            ("webhook-timestamp", format!("0{signed_at}")),
            ("webhook-timestamp", format!("+{signed_at}")),
            ("webhook-id", "another".to_owned()),
        ] {
            let mut changed = vector.clone();
            changed.headers.insert(name, other.parse().unwrap());
            assert_refused(&changed, &format!("{name}: {other}"));
        }
        for (name, other) in [
            ("webhook-timestamp", ""),
            ("webhook-timestamp", "now"),
            ("webhook-timestamp", "1.5"),
            ("webhook-timestamp", "99999999999999999999"),
            ("webhook-id", ""),
        ] {
            let mut changed = vector.clone();
            changed.headers.insert(name, other.parse().unwrap());
            assert_eq!(changed.verdict(), Verdict::Refused(Refusal::Malformed), "{name}: {other}");
        }
        for (now_s, verdict) in [
            (signed_at - 301, Verdict::Refused(Refusal::Stale)),
            (signed_at - 300, Verdict::Authentic(Scheme::StandardWebhooks)),
            (signed_at + 300, Verdict::Authentic(Scheme::StandardWebhooks)),
            (signed_at + 301, Verdict::Refused(Refusal::Stale)),
            (i64::MIN, Verdict::Refused(Refusal::Stale)),
            (i64::MAX, Verdict::Refused(Refusal::Stale)),
        ] {
            assert_eq!(Vector { now_s, ..vector.clone() }.verdict(), verdict, "{now_s}");
        }
    }
}

#[test]
fn any_of_several_live_secrets_will_do_and_none_will_not() {
    for vector in vectors() {
        let secret = vector.secret.as_str();
        let authentic = Verdict::Authentic(vector.scheme);
        for secrets in [[secret, "old", ""], ["old", secret, ""], ["", "whsec_bm90IGEga2V5", secret]] {
            assert_eq!(vector.verdict_with(&secrets), authentic, "{}: {secrets:?}", vector.name);
        }
        assert!(matches!(vector.verdict_with(&[]), Verdict::Refused(_)), "{}", vector.name);
    }
}

#[test]
fn an_empty_proof_is_none() {
    for vector in vectors() {
        // GitHub's prefix without a signature is what a Gitea without a secret sends.
        let hub_prefix = (vector.scheme == Scheme::HubSignature).then_some(vector.prefix);
        for empty in ["", "  "].into_iter().chain(hub_prefix) {
            if vector.scheme != Scheme::HubSignature && !empty.is_empty() {
                continue;
            }
            let unsigned = vector.with_value(empty.as_bytes()).unwrap();
            assert_eq!(unsigned.verdict(), Verdict::Unsigned, "{}: '{empty}'", vector.name);
            assert_eq!(unsigned.verdict_with(&[""]), Verdict::Unsigned, "{}: '{empty}'", vector.name);
        }
        let mut without = vector.clone();
        without.headers.remove(&vector.proof);
        assert_eq!(without.verdict(), Verdict::Unsigned, "{}", vector.name);
    }
}

#[test]
fn hexadecimal_is_read_in_either_case_and_between_spaces() {
    for vector in signed().filter(|vector| vector.scheme == Scheme::HubSignature) {
        let bare = vector.value().strip_prefix(vector.prefix).unwrap();
        let upper = format!("{}{}", vector.prefix, bare.to_uppercase());
        for same in [upper.clone(), format!(" {}\t", vector.value())] {
            let same = vector.with_value(same.as_bytes()).unwrap();
            assert_eq!(same.verdict(), Verdict::Authentic(vector.scheme), "{}", vector.name);
        }
        let torn = format!("{}{} {}", vector.prefix, &bare[..32], &bare[33..]);
        assert_refused(&vector.with_value(torn.as_bytes()).unwrap(), "a space within");
    }
}

#[test]
fn of_a_header_that_came_twice_the_first_counts() {
    for vector in vectors() {
        let forged = HeaderValue::from_static("sha256=00");
        let mut twice = vector.clone();
        twice.headers.append(&vector.proof, forged.clone());
        assert_eq!(twice.verdict(), Verdict::Authentic(vector.scheme), "{}", vector.name);
        let right = twice.headers.insert(&vector.proof, forged).unwrap();
        twice.headers.append(&vector.proof, right);
        assert_refused(&twice, "the forged one first");
    }
}

#[test]
fn a_proof_that_is_no_ascii_is_compared_or_refused_and_never_ignored() {
    for vector in vectors() {
        let value = [vector.value().as_bytes(), b"\xfc"].concat();
        let changed = vector.with_value(&value).unwrap();
        assert!(matches!(changed.verdict(), Verdict::Refused(_)), "{}", vector.name);
    }
    let mut token = vectors().into_iter().find(|vector| vector.scheme == Scheme::Token).unwrap();
    token.secret = "Schlüssel".to_owned();
    let sent = token.with_value(token.secret.as_bytes()).unwrap();
    assert_eq!(sent.verdict(), Verdict::Authentic(Scheme::Token));
}

#[test]
fn a_list_of_standard_signatures_needs_one_right_one_among_the_first_ten() {
    for vector in signed().filter(|vector| vector.scheme == Scheme::StandardWebhooks) {
        let right = vector.value();
        let wrong = with_signature(&vector, &[0; 32]).value().to_owned();
        let authentic = Verdict::Authentic(vector.scheme);
        for list in [
            format!("{wrong} {right}"),
            format!("{right} {wrong}"),
            format!("  {right}  "),
            format!("v1a,AAAA {right} nonsense"),
            format!("{}{right}", format!("{wrong} ").repeat(9)),
        ] {
            assert_eq!(vector.with_value(list.as_bytes()).unwrap().verdict(), authentic, "{list}");
        }
        for list in [
            format!("{wrong} {wrong}"),
            format!("{wrong},{right}"),
            format!("{}{right}", format!("{wrong} ").repeat(10)),
            " ".to_owned(),
        ] {
            assert_refused(&vector.with_value(list.as_bytes()).unwrap(), &list);
        }
    }
}

#[test]
fn a_request_with_signature_and_token_is_judged_by_its_signature() {
    let signing = signed().find(|vector| vector.name.starts_with("gitlab-signing-token")).unwrap();
    let mut both = signing.clone();
    both.headers.insert("x-gitlab-token", HeaderValue::from_static("sampleToken!"));
    let secrets = [signing.secret.as_str(), "sampleToken!"];
    assert_eq!(both.verdict_with(&secrets), Verdict::Authentic(Scheme::StandardWebhooks));
    let forged = with_signature(&both, &[0; 32]);
    assert_eq!(forged.verdict_with(&secrets), Verdict::Refused(Refusal::WrongSignature));
    assert_eq!(both.verdict_with(&["sampleToken!"]), Verdict::Refused(Refusal::WrongSignature));
    both.headers.insert("x-gitlab-token", HeaderValue::from_static("wrong"));
    assert_eq!(both.verdict_with(&secrets), Verdict::Authentic(Scheme::StandardWebhooks));
}

#[test]
fn githubs_sha1_is_no_proof_beside_the_other_nor_alone() {
    for mut vector in signed().filter(|vector| vector.name.starts_with("github-both")) {
        assert!(vector.headers.contains_key("x-hub-signature"));
        vector.headers.remove(&vector.proof);
        assert_eq!(vector.verdict(), Verdict::Unsigned);
        vector.forge = payload::Forge::BitbucketCloud;
        assert_refused(&vector, "SHA-1 in the header that Bitbucket shares with GitHub");
    }
}
