//! Digest of a node and of a tree, version 2: a CRC-32 per node, summed over all nodes. Split so
//! that a change of Stat costs 60 bytes of CRC however large the data is. Knows no tree.

use codec::StatPersisted;

/// The only digest version that is written and compared.
pub const DIGEST_VERSION: i32 = 2;

/// Does the node at `path` count? Everything below `/zookeeper` is each server's own.
pub fn covers(path: &str) -> bool {
    !path.starts_with("/zookeeper/")
}

/// CRC-32 of path and data, the first part of a node's digest. The root's path is "" here.
pub fn prefix_crc(path: &str, data: Option<&[u8]>) -> u32 {
    let path = if path == "/" { "" } else { path };
    let mut crc = crc32fast::Hasher::new();
    crc.update(path.as_bytes());
    crc.update(data.unwrap_or_default());
    crc.finalize()
}

/// A node's digest from the CRC of its path and data, and its Stat.
pub fn node_digest(prefix_crc: u32, stat: &StatPersisted) -> u32 {
    let mut crc = crc32fast::Hasher::new_with_initial(prefix_crc);
    crc.update(&stat_bytes(stat));
    crc.finalize()
}

/// Not the order of StatPersisted.
fn stat_bytes(stat: &StatPersisted) -> [u8; 60] {
    let mut bytes = [0; 60];
    let longs = [stat.czxid.0, stat.mzxid.0, stat.pzxid.0, stat.ctime, stat.mtime];
    for (place, value) in bytes.chunks_exact_mut(8).zip(longs) {
        place.copy_from_slice(&value.to_be_bytes());
    }
    let ints = [stat.version, stat.cversion, stat.aversion];
    for (place, value) in bytes[40..52].chunks_exact_mut(4).zip(ints) {
        place.copy_from_slice(&value.to_be_bytes());
    }
    bytes[52..].copy_from_slice(&stat.ephemeral_owner.to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use codec::Zxid;

    fn digest(path: &str, data: Option<&[u8]>, longs: [i64; 5], ints: [i32; 3], owner: i64) -> u32 {
        let stat = StatPersisted {
            czxid: Zxid(longs[0]),
            mzxid: Zxid(longs[1]),
            pzxid: Zxid(longs[2]),
            ctime: longs[3],
            mtime: longs[4],
            version: ints[0],
            cversion: ints[1],
            aversion: ints[2],
            ephemeral_owner: owner,
        };
        node_digest(prefix_crc(path, data), &stat)
    }

    /// Node digests that real servers computed.
    #[test]
    fn golden_digests() {
        assert_eq!(digest("/", Some(b""), [0; 5], [0; 3], 0), 0x0412_8908);
        assert_eq!(digest("/zookeeper", Some(b""), [0; 5], [0; 3], 0), 0x4db4_4d58);
        assert_eq!(digest("/", Some(b""), [0, 0, 0x35, 0, 0], [0, 13, 0], 0), 0x0bd9_4d11);
        let times = [0x5, 0x34, 0x5, 1_795_220_439_868, 1_795_220_441_632];
        assert_eq!(digest("/empty", None, times, [1, 0, 0], 0), 0x4bc7_33d6);
        let times = [0x6, 0x33, 0x6, 1_795_220_439_869, 1_795_220_441_630];
        assert_eq!(digest("/null", Some(b"notnull"), times, [1, 0, 0], 0), 0xd761_f5f2);
        let times = [9, 9, 9, 1_795_220_439_873, 1_795_220_439_873];
        assert_eq!(digest("/app/seq-0000000001", Some(b"0"), times, [0; 3], 0), 0xfb11_0011);
        let times = [0x12, 0x12, 0x12, 1_795_220_439_905, 1_795_220_439_905];
        let ttl = 0xff00_0000_0036_ee80_u64 as i64;
        assert_eq!(digest("/ttl", Some(b"t"), times, [0; 3], ttl), 0xc599_6b0f);
    }

    #[test]
    fn the_servers_own_subtree_does_not_count() {
        assert!(covers("/zookeeper") && covers("/zookeeperx") && covers("/"));
        assert!(!covers("/zookeeper/quota"));
    }
}
