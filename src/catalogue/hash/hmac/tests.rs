//! HMAC by its published values.

use super::super::super::StopToken;
use super::super::super::testing::{error, run_in, run_with};
use super::*;
use serde_json::json;

fn code_of(algorithm: &str, key: &[u8], data: &[u8]) -> String {
    let options = json!({ "data": { "attachment": 0 }, "key": { "attachment": 1 }, "algorithm": algorithm });
    let token = StopToken::default();
    match run_in("hmac", &options, &[data, key], &Context::new(&token, 1)) {
        Ok(Output::Text(text)) => text,
        other => panic!("no text: {other:?}"),
    }
}

#[test]
fn every_algorithm_gives_its_published_values() {
    let hashed_first = b"Test Using Larger Than Block-Size Key - Hash Key First";
    for (algorithm, key, data, expected) in [
        // RFC 2202, cases 1 and 6.
        ("md5", &[0x0b; 16][..], &b"Hi There"[..], "9294727a3638bb1c13f48ef8158bfc9d"),
        ("md5", &[0xaa; 80], hashed_first, "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd"),
        ("sha1", &[0x0b; 20], b"Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"),
        ("sha1", &[0xaa; 80], hashed_first, "aa4ae5e15272d00e95705637ce8a3b55ed402112"),
        // RFC 4231, cases 1, 2 and 6.
        ("sha224", &[0x0b; 20], b"Hi There", "896fb1128abbdf196832107cd49df33f47b4b1169912ba4f53684b22"),
        (
            "sha256",
            &[0x0b; 20],
            b"Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        ),
        (
            "sha256",
            b"Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            "sha256",
            &[0xaa; 131],
            hashed_first,
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
        (
            "sha384",
            &[0x0b; 20],
            b"Hi There",
            "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c\
             faea9ea9076ede7f4af152e8b2fa9cb6",
        ),
        (
            "sha384",
            &[0xaa; 131],
            hashed_first,
            "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c6\
             0c2ef6ab4030fe8296248df163f44952",
        ),
        (
            "sha512",
            &[0x0b; 20],
            b"Hi There",
            "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde\
             daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
        ),
        // NIST's examples take other keys; computed by Python's hmac.
        ("sha3-224", &[0x0b; 20], b"Hi There", "3b16546bbc7be2706a031dcafd56373d9884367641d8c59af3c860f7"),
        (
            "sha3-256",
            &[0x0b; 20],
            b"Hi There",
            "ba85192310dffa96e2a3a40e69774351140bb7185e1202cdcc917589f95e16bb",
        ),
        (
            "sha3-384",
            &[0x0b; 20],
            b"Hi There",
            "68d2dcf7fd4ddd0a2240c8a437305f61fb7334cfb5d0226e1bc27dc10a2e723a\
             20d370b47743130e26ac7e3d532886bd",
        ),
        (
            "sha3-512",
            &[0x0b; 20],
            b"Hi There",
            "eb3fbd4b2eaab8f5c504bd3a41465aacec15770a7cabac531e482f860b5ec7ba\
             47ccb2c6f2afce8f88d22b6dc61380f23a668fd3888bb80537c0a0b86407689e",
        ),
    ] {
        assert_eq!(code_of(algorithm, key, data), expected, "{algorithm} with {} bytes of key", key.len());
    }
}

#[test]
fn the_default_is_sha256_in_hexadecimal_digits() {
    let options = json!({ "data": "what do ya want for nothing?", "key": "Jefe" });
    let output = run_with("hmac", &options, b"", &StopToken::default());
    assert_eq!(
        output,
        Ok(Output::Text("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843".into()))
    );
    let options = json!({ "data": "", "key": "", "algorithm": "md5", "encoding": "buffer" });
    // createHmac('md5', '').digest(), computed by node:crypto.
    let expected =
        [0x74, 0xe6, 0xf7, 0x29, 0x8a, 0x9c, 0x2d, 0x16, 0x89, 0x35, 0xf5, 0x8c, 0x00, 0x1b, 0xad, 0x88];
    assert_eq!(run_with("hmac", &options, b"", &StopToken::default()), Ok(Output::Bytes(expected.to_vec())));
}

#[test]
fn without_a_key_there_is_no_code() {
    for options in [json!({ "data": "abc" }), json!({ "data": "abc", "key": { "path": "/file" } })] {
        assert_eq!(error(run_with("hmac", &options, b"", &StopToken::default())).0, "ERR_INVALID_ARG_TYPE");
    }
}

#[test]
fn a_cancelled_code_stops() {
    let token = StopToken::default();
    token.stop(1);
    let options = json!({ "data": { "attachment": 0 }, "key": "k" });
    assert_eq!(run_with("hmac", &options, b"abc", &token), Err(Failure::Cancelled));
}
