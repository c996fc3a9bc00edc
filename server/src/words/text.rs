//! How things are spelt in the answers: Java's spelling of addresses and dates, and an output that
//! stops growing at a bound.

use std::fmt::{Arguments, Write};
use std::net::{IpAddr, SocketAddr};
use std::ops::ControlFlow;

use super::view::Flow;

/// The longest listing, in bytes. Ten thousand connections need about 2 MiB; a listing of millions
/// of watches is cut here and says so in its last line.
pub const OUTPUT_MAX_BYTES: usize = 32 << 20;

/// An answer that grows to a bound.
#[derive(Debug)]
pub struct Output {
    text: String,
    max_bytes: usize,
}

impl Default for Output {
    /// An empty answer of at most [`OUTPUT_MAX_BYTES`] and one line.
    fn default() -> Self {
        Output::bounded(OUTPUT_MAX_BYTES)
    }
}

impl Output {
    /// An empty answer of at most `max_bytes` and one line.
    pub fn bounded(max_bytes: usize) -> Self {
        Output { text: String::new(), max_bytes }
    }

    /// One line; its end is added. `Break` when the answer is full.
    pub fn line(&mut self, line: Arguments<'_>) -> Flow {
        if self.is_full() {
            return ControlFlow::Break(());
        }
        self.add(line);
        self.text.push('\n');
        if self.is_full() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Text as it is, whatever the bound: for the fixed parts of an answer.
    pub fn add(&mut self, text: Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.text.write_fmt(text);
    }

    /// The answer; if it is full, its last line says so.
    pub fn finish(mut self) -> String {
        if self.is_full() {
            let max = self.max_bytes;
            self.add(format_args!("(cut: this answer would be longer than {max} bytes)\n"));
        }
        self.text
    }

    fn is_full(&self) -> bool {
        self.text.len() >= self.max_bytes
    }
}

/// A socket address as Java prints an unresolved-name one: `/10.0.0.1:2181`,
/// `/[0:0:0:0:0:0:0:1]:2181`. IPv4 within IPv6 is shown as IPv4.
pub fn socket_address(address: SocketAddr) -> String {
    let port = address.port();
    match address.ip().to_canonical() {
        IpAddr::V4(ip) => format!("/{ip}:{port}"),
        IpAddr::V6(ip) => {
            let groups = ip.segments().map(|group| format!("{group:x}")).join(":");
            format!("/[{groups}]:{port}")
        }
    }
}

/// A moment as `java.util.Date` prints it, always in UTC: `Sat Nov 21 02:57:44 UTC 2026`.
/// `wall_ms` counts ms since the epoch; moments before it are shown as the epoch.
pub fn date(wall_ms: i64) -> String {
    const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let seconds = wall_ms.max(0) as u64 / 1000;
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    let weekday = WEEKDAYS[(days % 7) as usize];
    let month = MONTHS[month as usize];
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{weekday} {month} {day:02} {hour:02}:{minute:02}:{second:02} UTC {year}")
}

/// Year, month (0 to 11) and day of the month of a day counted from 1 January 1970.
fn civil(days_since_epoch: u64) -> (u64, u64, u64) {
    // Eras of 400 years that begin on 1 March: the leap day is the last day of its year.
    const DAYS_TO_EPOCH: u64 = 719_468;
    const DAYS_OF_ERA: u64 = 146_097;
    let days = days_since_epoch + DAYS_TO_EPOCH;
    let (era, day) = (days / DAYS_OF_ERA, days % DAYS_OF_ERA);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = (march_month + 2) % 12;
    (era * 400 + year + u64::from(month < 2), month, day_of_month)
}

/// Op codes as `lop` names them; `NA` for none and for those that Apache does not name.
pub fn op_tag(op: Option<i32>) -> &'static str {
    match op {
        Some(11) => "PING",
        Some(-10) => "SESS",
        Some(14) => "MULT",
        Some(22) => "MLTR",
        Some(1 | 15 | 19 | 21) => "CREA",
        Some(2 | 20) => "DELE",
        Some(5) => "SETD",
        Some(16) => "RECO",
        Some(7) => "SETA",
        Some(-11) => "CLOS",
        Some(9) => "SYNC",
        Some(13) => "CHEC",
        Some(3) => "EXIS",
        Some(4) => "GETD",
        Some(101) => "SETW",
        Some(105) => "STW2",
        Some(106) => "ADDW",
        Some(6) => "GETA",
        Some(8 | 12) => "GETC",
        Some(104) => "GETACN",
        Some(17) => "CHKW",
        Some(18) => "REMW",
        Some(107) => "HOMI",
        Some(103) => "GETE",
        _ => "NA",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_javas() {
        assert_eq!(date(1_795_229_864_000), "Sat Nov 21 02:57:44 UTC 2026");
        assert_eq!(date(0), "Thu Jan 01 00:00:00 UTC 1970");
        assert_eq!(date(-5), date(0));
        assert_eq!(date(951_782_400_000), "Tue Feb 29 00:00:00 UTC 2000");
        assert_eq!(date(951_868_799_999), "Tue Feb 29 23:59:59 UTC 2000");
        assert_eq!(date(951_868_800_000), "Wed Mar 01 00:00:00 UTC 2000");
        assert_eq!(date(4_102_444_799_000), "Thu Dec 31 23:59:59 UTC 2099");
        // The far end of the clock must not panic.
        assert!(date(i64::MAX).contains("UTC"));
    }

    #[test]
    fn addresses_are_javas() {
        let shown = |address: &str| socket_address(address.parse().expect("an address"));
        assert_eq!(shown("127.0.0.1:48430"), "/127.0.0.1:48430");
        assert_eq!(shown("[::1]:2181"), "/[0:0:0:0:0:0:0:1]:2181");
        assert_eq!(shown("[::ffff:10.1.2.3]:7"), "/10.1.2.3:7");
        assert_eq!(shown("[fe80::a1%3]:7"), "/[fe80:0:0:0:0:0:0:a1]:7");
    }

    #[test]
    fn a_full_output_says_that_it_was_cut() {
        let mut output = Output::bounded(10);
        assert_eq!(output.line(format_args!("12345")), ControlFlow::Continue(()));
        assert_eq!(output.line(format_args!("6789")), ControlFlow::Break(()));
        assert_eq!(output.line(format_args!("never shown")), ControlFlow::Break(()));
        let text = output.finish();
        assert_eq!(text, "12345\n6789\n(cut: this answer would be longer than 10 bytes)\n");
    }

    #[test]
    fn ops_have_apaches_tags() {
        let tagged = [
            (11, "PING"),
            (-10, "SESS"),
            (14, "MULT"),
            (22, "MLTR"),
            (1, "CREA"),
            (15, "CREA"),
            (19, "CREA"),
            (21, "CREA"),
            (2, "DELE"),
            (20, "DELE"),
            (5, "SETD"),
            (16, "RECO"),
            (7, "SETA"),
            (-11, "CLOS"),
            (9, "SYNC"),
            (13, "CHEC"),
            (3, "EXIS"),
            (4, "GETD"),
            (101, "SETW"),
            (105, "STW2"),
            (106, "ADDW"),
            (6, "GETA"),
            (8, "GETC"),
            (12, "GETC"),
            (104, "GETACN"),
            (17, "CHKW"),
            (18, "REMW"),
            (107, "HOMI"),
            (103, "GETE"),
        ];
        tagged.iter().for_each(|&(op, tag)| assert_eq!(op_tag(Some(op)), tag, "op {op}"));
        assert_eq!(op_tag(None), "NA");
        assert_eq!(op_tag(Some(100)), "NA");
    }
}
