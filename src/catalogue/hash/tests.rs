//! Tests of both tasks.

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
        ("sha3-224", "abc", "e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf"),
        (
            "sha3-384",
            "abc",
            "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b2\
             98d88cea927ac7f539f1edf228376d25",
        ),
        (
            "sha3-512",
            "abc",
            "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e\
             10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0",
        ),
        // FIPS 180-4's examples.
        ("sha224", "abc", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"),
        (
            "sha384",
            "abc",
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed\
             8086072ba1e7cc2358baeca134c825a7",
        ),
        // The catalogue of parametrised CRC algorithms: the check values of CRC-32/ISO-HDLC and CRC-32/ISCSI.
        ("crc32", "", "00000000"),
        ("crc32", "123456789", "cbf43926"),
        ("crc32c", "", "00000000"),
        ("crc32c", "123456789", "e3069283"),
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

/// The input of xxHash's own checks.
fn sanity_buffer(length: usize) -> Vec<u8> {
    let mut state = 2_654_435_761_u64;
    std::iter::repeat_with(|| {
        let byte = (state >> 56) as u8;
        state = state.wrapping_mul(11_400_714_785_074_694_797);
        byte
    })
    .take(length)
    .collect()
}

#[test]
fn xxh64_gives_the_check_values_of_its_reference() {
    let input = sanity_buffer(222);
    for (length, expected) in [
        (0, "ef46db3751d8e999"),
        (1, "e934a84adb052768"),
        (4, "9136a0dca57457ee"),
        (14, "8282dcc4994e35c8"),
        (222, "b641ae8cb691c174"),
    ] {
        assert_eq!(hex("xxh64", &input[..length]), expected, "{length} bytes");
    }
}

#[test]
fn xxh3_gives_the_check_values_of_its_reference() {
    let input = sanity_buffer(2367);
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
    // All but the last four computed by node:crypto, and by zlib and hashlib of Python.
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
        ("sha224", "db9f5b8c097e7b5c2b0aa30e106ed3cba0fe59e39a18f153978617ab"),
        (
            "sha384",
            "e2cc696514e2f4852c52ab8d42e0f932daeeed57a9d52dc3f4200a991f9a02a6\
             32f7d20fc507c954d5492a3b9d1d89d1",
        ),
        ("sha3-224", "2c02b7d41b2d9bf246591918dbd6e92ec5d592bc61cb15ec588504de"),
        (
            "sha3-384",
            "18d07c57410a7164dbea96917c615c5b8b5700c4fc3227d162c3b549111d2275\
             638bb5d614a41dfd154d5c534933beda",
        ),
        (
            "sha3-512",
            "719e6e1610073de0e8f8b5157966c48a9c9b9ce4681e1a744a1aa675c8b4e5f5\
             75249bdaeed79fb95b24478df82ecb7e4981139db5695dd219ace6d60f95d324",
        ),
        (
            "blake2b",
            "6d81965610406662088faa11cda7dac5b8ad0b10f5810c7a3194266ed4b5544c\
             dff279cd3a0be3988a823fe2aa4b42f77b74cb2e0a3d5fc7937b3fca82578540",
        ),
        ("blake2s", "2293ba6fb7f15182be3d08049d52bd81be0f78cffb6c0de2bc793914c2dd2df0"),
        ("crc32c", &format!("{:08x}", crc32c::crc32c(&input))),
        ("xxh64", &format!("{:016x}", xxhash_rust::xxh64::xxh64(&input, 0))),
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
fn an_unknown_algorithm_or_encoding_is_refused() {
    assert_eq!(error(run("hash", json!({ "algorithm": "sha0" }), b"")).0, "ERR_INVALID_ARG_VALUE");
    assert_eq!(error(run("hash", json!({ "encoding": 8 }), b"")).0, "ERR_INVALID_ARG_TYPE");
}
