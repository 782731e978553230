//! The data behind the charts, as the page carries it: compressed where that helps, and no more than there is room for.

use std::io::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use serde::Serialize;
use tootmill_metric::Kind;

use crate::error::Error;

/// From how many bytes on data is compressed: less is as well read by a browser that cannot decompress.
const WORTHWHILE: usize = 4096;

/// The data behind a chart: a table.
#[derive(Clone, Debug)]
pub(crate) struct Data {
    /// By what the page finds it, and the name of its file.
    pub id: String,
    /// The columns.
    pub columns: Vec<Heading>,
    /// The rows, those first that are kept where there is not room for all.
    pub rows: Vec<Vec<Option<String>>>,
    /// How many rows there are in all.
    pub of: u64,
}

/// A column of data.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Heading {
    /// Its name.
    pub name: String,
    /// Whether its values are numbers.
    pub number: bool,
}

impl Heading {
    pub(crate) fn text(name: impl Into<String>) -> Self {
        Self { name: name.into(), number: false }
    }

    pub(crate) fn number(name: impl Into<String>) -> Self {
        Self { name: name.into(), number: true }
    }

    pub(crate) fn of(column: &tootmill_metric::Column) -> Self {
        Self { name: column.name.into(), number: column.kind != Kind::Text }
    }
}

/// Data as the page carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Embedded {
    /// By what the page finds it.
    pub id: String,
    /// What it is, as the type of a script that is none.
    pub media_type: &'static str,
    /// It, which ends no script.
    pub text: String,
    /// How many rows it has.
    pub rows: usize,
    /// How many rows there are in all.
    pub of: u64,
}

/// Puts the data into the room that there is, in bytes: the small ones whole, of the larger ones as much as is left for each.
pub(crate) fn embed(data: &[Data], mut room: usize) -> Result<Vec<Embedded>, Error> {
    let mut embedded = data.iter().map(|data| Embedded::of(data, data.rows.len())).collect::<Result<Vec<_>, _>>()?;
    let mut by_size: Vec<(&Data, &mut Embedded)> = data.iter().zip(&mut embedded).collect();
    by_size.sort_by_key(|(_, one)| one.text.len());
    let mut left = by_size.len();
    for (data, one) in by_size {
        let part = room / left.max(1);
        while one.text.len() > part && one.rows > 0 {
            // As many rows as would fit if all were of one length, and a few less, so that this ends.
            let rows = one.rows.saturating_mul(part) / one.text.len();
            *one = Embedded::of(data, rows.saturating_sub(rows / 50 + 1))?;
        }
        room = room.saturating_sub(one.text.len());
        left -= 1;
    }
    Ok(embedded)
}

impl Embedded {
    /// The first rows of the data.
    fn of(data: &Data, rows: usize) -> Result<Self, Error> {
        #[derive(Serialize)]
        struct Table<'d> {
            columns: &'d [Heading],
            rows: &'d [Vec<Option<String>>],
        }
        let rows = data.rows.get(..rows).unwrap_or(&data.rows);
        // A column may be called as long as a key is, so without a row there need be none.
        let columns = if rows.is_empty() && !data.rows.is_empty() { &[] } else { &*data.columns };
        let json = serde_json::to_string(&Table { columns, rows })?;
        let (media_type, text) = if json.len() < WORTHWHILE {
            // The one character with which a script could end.
            ("application/json", json.replace('<', "\\u003c"))
        } else {
            let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
            let compressed = gzip.write_all(json.as_bytes()).and_then(|()| gzip.finish());
            ("application/gzip", STANDARD.encode(compressed.map_err(Error::Compress)?))
        };
        Ok(Self { id: data.id.clone(), media_type, text, rows: rows.len(), of: data.of })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn data(id: &str, rows: u64) -> Data {
        // Digits that do not compress well, as keys do not.
        let row = |row: u64| vec![Some((row.wrapping_mul(0x9E37_79B9_7F4A_7C15) % 1_000_000_007).to_string()), None];
        let columns = vec![Heading::text("key"), Heading::number("count")];
        Data { id: id.into(), columns, rows: (0..rows).map(row).collect(), of: rows + 1 }
    }

    fn read_back(one: &Embedded) -> serde_json::Value {
        if one.media_type == "application/json" {
            return serde_json::from_str(&one.text).unwrap();
        }
        let bytes = STANDARD.decode(&one.text).unwrap();
        let mut text = String::new();
        flate2::read::GzDecoder::new(&*bytes).read_to_string(&mut text).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn small_tables_are_whole_and_large_ones_share_what_is_left() {
        let embedded = embed(&[data("large", 20_000), data("small", 10), data("larger", 30_000)], 100_000).unwrap();
        let sizes: Vec<usize> = embedded.iter().map(|one| one.text.len()).collect();
        assert!(sizes.iter().sum::<usize>() <= 100_000 && sizes[0].min(sizes[2]) > 45_000, "{sizes:?}");
        assert_eq!((embedded[1].rows, embedded[1].of), (10, 11));
        for one in &embedded {
            let table = read_back(one);
            assert_eq!(table["rows"].as_array().unwrap().len(), one.rows);
            assert_eq!(table["rows"][0], serde_json::json!(["0", null]));
            assert_eq!(table["columns"][1], serde_json::json!({"name": "count", "number": true}));
        }
    }

    #[test]
    fn what_has_no_room_is_left_out() {
        let embedded = embed(&[data("large", 20_000), data("small", 1)], 0).unwrap();
        assert_eq!(embedded.iter().map(|one| one.rows).collect::<Vec<_>>(), [0, 0]);
        assert_eq!(read_back(&embedded[0])["columns"], serde_json::json!([]));
    }

    #[test]
    fn no_key_ends_the_script() {
        let mut one = data("a", 1);
        one.rows = vec![vec![Some("</script><!--".into()), None]];
        let embedded = embed(&[one], 10_000).unwrap();
        assert!(!embedded[0].text.contains('<'), "{}", embedded[0].text);
        assert_eq!(read_back(&embedded[0])["rows"][0][0], "</script><!--");
    }
}
