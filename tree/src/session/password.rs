//! Session passwords: a function of the session id alone, so that every server can check them
//! without having seen the session. Only the algorithm; who asks and what follows is elsewhere.

use codec::SessionId;

/// Length of every session password, in bytes.
pub const PASSWORD_LEN: usize = 16;

/// What the id is mixed with before it seeds the generator.
const SECRET: u64 = 0xB341_5C00;
/// Multiplier of the 48-bit linear congruential generator of `java.util.Random`.
const MULTIPLIER: u64 = 0x5_DEEC_E66D;
const MASK: u64 = (1 << 48) - 1;

/// The password of `session`, the same on every server of every ensemble.
pub fn password(session: SessionId) -> [u8; PASSWORD_LEN] {
    let mut state = (session.0 as u64 ^ SECRET ^ MULTIPLIER) & MASK;
    let mut out = [0; PASSWORD_LEN];
    for word in out.chunks_exact_mut(4) {
        state = state.wrapping_mul(MULTIPLIER).wrapping_add(0xB) & MASK;
        word.copy_from_slice(&((state >> 16) as u32).to_le_bytes());
    }
    out
}

/// Whether `given` opens `session`. Id 0 and any length but 16 are never valid; the comparison
/// takes the same time wherever the first difference lies.
pub fn is_valid_password(session: SessionId, given: &[u8]) -> bool {
    let Ok(given) = <[u8; PASSWORD_LEN]>::try_from(given) else {
        return false;
    };
    let different = u128::from_ne_bytes(given) ^ u128::from_ne_bytes(password(session));
    session != SessionId::NONE && std::hint::black_box(different) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn passwords_are_those_of_real_servers() {
        let known = [
            (0x0100_001E_78FD_0000, "59fde5ac72062cc85ff6a13d0b8985d8"),
            (0x7777, "3d7971b83a8c662f3c261e1fe4915c30"),
            (1, "054cc74a37327db215e702e20c73f005"),
            (0x100_0017_98d7_0000, "3b2b8e6fac9b580b119c27c3d50163e1"),
            (0x300_0017_e9e0_0000, "128d33ae376edef140236fc7d8ca9f58"),
        ];
        for (id, expected) in known {
            assert_eq!(hex(&password(SessionId(id))), expected, "{id:#x}");
        }
    }

    #[test]
    fn only_all_sixteen_bytes_open_a_session() {
        let session = SessionId(0x7777);
        let right = password(session);
        assert!(is_valid_password(session, &right));
        for at in 0..PASSWORD_LEN {
            let mut wrong = right;
            wrong[at] ^= 1;
            assert!(!is_valid_password(session, &wrong), "byte {at}");
        }
        assert!(!is_valid_password(session, &right[..15]));
        assert!(!is_valid_password(session, &[right.as_slice(), &[0]].concat()));
        assert!(!is_valid_password(session, &[]));
    }

    #[test]
    fn session_zero_has_no_valid_password() {
        assert!(!is_valid_password(SessionId::NONE, &password(SessionId::NONE)));
    }

    #[test]
    fn the_server_byte_does_not_enter_the_password() {
        assert_eq!(password(SessionId(0x0100_0000_0000_0009)), password(SessionId(9)));
    }
}
