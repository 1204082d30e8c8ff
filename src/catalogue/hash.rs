//! Digests and checksums.

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use sha2::Digest;

use super::{Arguments, Context, Data, Failure, Output, Task};

/// Resolves to the digest of `data`, as the `algorithm` and the `encoding` say.
///
/// Options: `data`; `algorithm`, by default `'sha256'`; `encoding`, by default `'hex'`, with the meaning
/// that it has for `hash.digest` of node:crypto.
pub(super) struct Hash;

/// Digests all of the data.
type Algorithm = fn(&Data<'_>, &Context<'_>) -> Result<Vec<u8>, Failure>;

const ALGORITHMS: &[(&str, Algorithm)] = &[
    ("sha256", digest::<sha2::Sha256>),
    ("sha512", digest::<sha2::Sha512>),
    ("sha1", digest::<sha1::Sha1>),
    ("md5", digest::<md5::Md5>),
    ("sha3-256", digest::<sha3::Sha3_256>),
    ("blake3", blake3),
    ("xxh3", xxh3),
    ("crc32", crc32),
];

/// Shows a digest as the caller wants it.
type Encoding = fn(Vec<u8>) -> Output;

const ENCODINGS: &[(&str, Encoding)] = &[
    ("hex", |bytes| Output::Text(HEXLOWER.encode(&bytes))),
    ("base64", |bytes| Output::Text(BASE64.encode(&bytes))),
    ("base64url", |bytes| Output::Text(BASE64URL_NOPAD.encode(&bytes))),
    ("binary", latin1),
    ("latin1", latin1),
    ("buffer", Output::Bytes),
];

impl Task for Hash {
    const NAME: &'static str = "hash";

    fn run(mut arguments: Arguments<'_>, context: &Context<'_>) -> Result<Output, Failure> {
        let data = arguments.data("data")?;
        let algorithm = arguments.choice("algorithm", ALGORITHMS)?.unwrap_or(digest::<sha2::Sha256>);
        let encode = arguments.choice("encoding", ENCODINGS)?.unwrap_or(ENCODINGS[0].1);
        arguments.finish()?;
        Ok(encode(algorithm(&data, context)?))
    }
}

/// Any hash of RustCrypto's.
fn digest<D: Digest>(data: &Data<'_>, context: &Context<'_>) -> Result<Vec<u8>, Failure> {
    let mut state = D::new();
    feed(data, context, |chunk| state.update(chunk))?;
    Ok(state.finalize().to_vec())
}

fn blake3(data: &Data<'_>, context: &Context<'_>) -> Result<Vec<u8>, Failure> {
    let mut state = blake3::Hasher::new();
    feed(data, context, |chunk| _ = state.update(chunk))?;
    Ok(state.finalize().as_bytes().to_vec())
}

/// The 64-bit variant without a seed, in its canonical form: big-endian.
fn xxh3(data: &Data<'_>, context: &Context<'_>) -> Result<Vec<u8>, Failure> {
    let mut state = xxhash_rust::xxh3::Xxh3Default::new();
    feed(data, context, |chunk| state.update(chunk))?;
    Ok(state.digest().to_be_bytes().to_vec())
}

/// The polynomial of zlib, gzip and PNG; big-endian, so that its hexadecimal form reads as the number.
fn crc32(data: &Data<'_>, context: &Context<'_>) -> Result<Vec<u8>, Failure> {
    let mut state = crc32fast::Hasher::new();
    feed(data, context, |chunk| state.update(chunk))?;
    Ok(state.finalize().to_be_bytes().to_vec())
}

fn feed(data: &Data<'_>, context: &Context<'_>, mut update: impl FnMut(&[u8])) -> Result<(), Failure> {
    data.for_each_chunk(context, |chunk| {
        update(chunk);
        Ok(())
    })
}

/// Each byte as the character of its number, U+0000 to U+00FF.
fn latin1(bytes: Vec<u8>) -> Output {
    Output::Text(bytes.into_iter().map(char::from).collect())
}

#[cfg(test)]
mod tests {
    use super::super::StopToken;
    use super::super::testing::{error, pattern, run, run_with};
    use super::*;
    use serde_json::json;

    fn hex(algorithm: &str, bytes: &[u8]) -> String {
        match run("hash", json!({ "algorithm": algorithm }), bytes) {
            Ok(Output::Text(text)) => text,
            other => panic!("no text: {other:?}"),
        }
    }

    #[test]
    fn every_algorithm_gives_its_published_values() {
        for (algorithm, input, expected) in [
            // FIPS 180-4's examples.
            ("sha256", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("sha256", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "sha512",
                "abc",
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                 2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            ),
            ("sha1", "", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
            ("sha1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            // RFC 1321, appendix A.5.
            ("md5", "", "d41d8cd98f00b204e9800998ecf8427e"),
            ("md5", "message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
            // FIPS 202's examples.
            ("sha3-256", "", "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a"),
            ("sha3-256", "abc", "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"),
            // The catalogue of parametrised CRC algorithms: CRC-32/ISO-HDLC's check value.
            ("crc32", "", "00000000"),
            ("crc32", "123456789", "cbf43926"),
        ] {
            assert_eq!(hex(algorithm, input.as_bytes()), expected, "{algorithm} of {input:?}");
        }
    }

    #[test]
    fn blake3_gives_its_published_test_vectors() {
        for (length, expected) in [
            (0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"),
            (1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"),
            (1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7"),
            (102_400, "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085"),
        ] {
            let input: Vec<u8> = (0..=250).cycle().take(length).collect();
            assert_eq!(hex("blake3", &input), expected, "{length} bytes");
        }
    }

    #[test]
    fn xxh3_gives_the_check_values_of_its_reference() {
        let mut state = 2_654_435_761_u64;
        let input: Vec<u8> = std::iter::repeat_with(|| {
            let byte = (state >> 56) as u8;
            state = state.wrapping_mul(11_400_714_785_074_694_797);
            byte
        })
        .take(2367)
        .collect();
        for (length, expected) in [
            (0, "2d06800538d394c2"),
            (1, "c44bdff4074eecdb"),
            (6, "27b56a84cd2d7325"),
            (12, "a713daf0dfbb77e7"),
            (24, "a3fe70bf9d3510eb"),
            (48, "397da259ecba1f11"),
            (80, "bcdefbbb2c47c90a"),
            (195, "cd94217ee362ec3a"),
            (403, "cdeb804d65c6dea4"),
            (512, "617e49599013cb6b"),
            (2048, "dd59e2c3a5f038e0"),
            (2240, "6e73a90539cf2948"),
            (2367, "cb37aeb9e5d361ed"),
        ] {
            assert_eq!(hex("xxh3", &input[..length]), expected, "{length} bytes");
        }
    }

    #[test]
    fn input_of_several_chunks_gives_the_digest_of_the_whole() {
        let input = pattern(300_001);
        // The first six computed by node:crypto and Python's zlib.crc32.
        for (algorithm, expected) in [
            ("sha256", "a039d2f9c75cbcb90239c0a1df94bdde822768d63e79a40dfb89b6ca41c6afb1"),
            (
                "sha512",
                "043f0b7f49c3bf08250289adc2ae7a46799ff5ad0ebf3ede42862e17eaf4f785\
                 fa509625ceb6d3392562c607bc5eaef2eca6229a925cdaf5d77dc2116675d117",
            ),
            ("sha1", "1a493e2764541b166e8355b491d01520496334f0"),
            ("md5", "fc2796cace75f79374e49f014e432a36"),
            ("sha3-256", "5bd83ded778f9bef6691d10e10f2ea3b8f242964810beb232ba7a5f1f134e797"),
            ("crc32", "8e379e3b"),
            ("blake3", blake3::hash(&input).to_hex().as_str()),
            ("xxh3", &format!("{:016x}", xxhash_rust::xxh3::xxh3_64(&input))),
        ] {
            assert_eq!(hex(algorithm, &input), expected, "{algorithm}");
        }
    }

    #[test]
    fn every_encoding_means_what_it_means_to_node_crypto() {
        // createHash('sha256').update('abc').digest(encoding), computed by node:crypto.
        let latin1 = "\u{ba}x\u{16}\u{bf}\u{8f}\u{1}\u{cf}\u{ea}AA@\u{de}]\u{ae}\"#\u{b0}\u{3}a\u{a3}\
                      \u{96}\u{17}z\u{9c}\u{b4}\u{10}\u{ff}a\u{f2}\u{0}\u{15}\u{ad}";
        for (encoding, expected) in [
            ("hex", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            ("base64", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="),
            ("base64url", "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"),
            ("binary", latin1),
            ("latin1", latin1),
        ] {
            let output = run("hash", json!({ "encoding": encoding }), b"abc");
            assert_eq!(output, Ok(Output::Text(expected.into())), "{encoding}");
        }
        let output = run("hash", json!({ "encoding": "buffer", "algorithm": "crc32" }), b"123456789");
        assert_eq!(output, Ok(Output::Bytes(vec![0xcb, 0xf4, 0x39, 0x26])));
    }

    #[test]
    fn a_string_is_hashed_as_its_utf8() {
        let text = json!({ "data": "ä", "algorithm": "md5" });
        let output = run_with("hash", &text, b"", &StopToken::default());
        assert_eq!(output, run("hash", json!({ "algorithm": "md5" }), &[0xc3, 0xa4]));
    }

    #[test]
    fn a_cancelled_hash_stops() {
        let options = json!({ "data": { "attachment": 0 } });
        let token = StopToken::default();
        token.stop(1);
        let output = run_with("hash", &options, b"abc", &token);
        assert_eq!(output, Err(Failure::Cancelled));
    }

    #[test]
    fn an_unknown_algorithm_or_encoding_is_refused_with_the_ones_there_are() {
        let (code, message) = error(run("hash", json!({ "algorithm": "sha0" }), b""));
        assert_eq!(code, "ERR_INVALID_ARG_VALUE");
        assert_eq!(
            message,
            "The option 'algorithm' of 'hash' must be one of 'sha256', 'sha512', 'sha1', 'md5', \
             'sha3-256', 'blake3', 'xxh3', 'crc32'; received 'sha0'."
        );
        let (code, message) = error(run("hash", json!({ "encoding": 8 }), b""));
        assert_eq!(code, "ERR_INVALID_ARG_TYPE");
        assert!(message.contains("'base64url'") && message.ends_with("received 8."), "{message}");
    }
}
