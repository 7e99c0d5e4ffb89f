//! Payloads and logs are kept compressed: they cost a fifth in the table, and a fifth of the writing.
//!
//! A compressor takes 380 KB of memory. Where one was made for each event, that was a fifth of what a function did with the
//! event: the kernel hands out clean pages and takes them back. So each thread keeps one.
//!
//! Not here: compressed requests (`payload::encoding`).

use std::cell::RefCell;
use std::io::{self, Read};

use flate2::read::GzDecoder;
use flate2::{Compress, Compression, Crc, FlushCompress, Status};

/// RFC 1952, section 2.3: a compressed member, without a name, of no certain time, made neither as small nor as fast as can be
/// (0), on no certain system (255).
const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// What cannot be compressed grows by five bytes for each block of tens of thousands, and a little at the end.
const ROOM: usize = 64;

/// Of nine. The first takes half the time and makes a payload a quarter larger, which costs more in the table than the time;
/// the sixth makes it a tenth smaller, and takes a third longer.
const LEVEL: u32 = 2;

thread_local! {
    static COMPRESSOR: RefCell<Compress> = RefCell::new(Compress::new(Compression::new(LEVEL), false));
}

pub(crate) fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() / 3 + ROOM);
    out.extend(HEAD);
    COMPRESSOR.with_borrow_mut(|compressor| deflate(compressor, bytes, &mut out));
    let mut sum = Crc::new();
    sum.update(bytes);
    out.extend(sum.sum().to_le_bytes());
    out.extend(sum.amount().to_le_bytes());
    out
}

#[expect(clippy::expect_used, reason = "compressing fails only where a stream is used after its end")]
fn deflate(compressor: &mut Compress, mut bytes: &[u8], out: &mut Vec<u8>) {
    compressor.reset();
    loop {
        let taken = compressor.total_in();
        let status = compressor.compress_vec(bytes, out, FlushCompress::Finish).expect("it was reset");
        if status == Status::StreamEnd {
            return;
        }
        let taken = usize::try_from(compressor.total_in() - taken).expect("no more than there was");
        bytes = &bytes[taken..];
        out.reserve(bytes.len() / 2 + ROOM);
    }
}

/// At most so many bytes of what [`compress`] made.
pub(crate) fn decompress(compressed: &[u8], bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    GzDecoder::new(compressed).take(bytes_max).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_compressed_comes_back(
            texts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..10_000), 1..4),
            repeated in 0..60_usize,
        ) {
            for text in texts {
                let text = [text.repeat(repeated % 3 + 1), vec![b' '; repeated * 1_000]].concat();
                prop_assert_eq!(decompress(&compress(&text), u64::MAX).unwrap(), text);
            }
        }
    }

    #[test]
    fn it_is_what_others_call_gzip() {
        use std::io::Write as _;

        let text = "a push, ".repeat(1_000);
        let mut encoder = GzEncoder::new(Vec::new(), Compression::new(LEVEL));
        encoder.write_all(text.as_bytes()).unwrap();
        let (theirs, ours) = (encoder.finish().unwrap(), compress(text.as_bytes()));
        assert_eq!(ours, theirs);
        assert!(ours.len() < text.len() / 50);
    }

    #[test]
    fn no_more_comes_out_than_is_asked_for() {
        assert_eq!(decompress(&compress(&[b' '; 5_000]), 100).unwrap(), [b' '; 100]);
    }
}
