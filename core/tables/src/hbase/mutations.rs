//! Rows to write or to remove, many at once: how they lie in memory, and Thrift1's call `mutateRowsTs` of them.
//!
//! The client that is generated from HBase's interface file wants each cell in memory of its own, copied for each try, and takes
//! more for the name of every field that it writes. That is most of what a load costs here, so this one call is written by hand.
//! Source of the numbers of fields: `Hbase.thrift` of HBase's module `hbase-thrift`, package `thrift`.

use hbase_thrift::hbase::{IOError, IllegalArgument};
use thrift::{
    TThriftClient,
    protocol::{TInputProtocol, TMapIdentifier, TOutputProtocol, TType},
};

use super::message::{begin_answer, field, list, send, write_struct};

/// Cells of rows of one table, which are to be written, or columns and families, which are to be removed.
pub(crate) struct Mutations {
    /// All of them are removals.
    removes: bool,
    /// Row by row: its key, then column and value of each cell, of which a removal has an empty one.
    bytes: Vec<u8>,
    /// The ends of all these in the bytes.
    ends: Vec<usize>,
    /// How many cells each row has.
    rows: Vec<usize>,
}

impl Mutations {
    pub(crate) fn new(removes: bool) -> Self {
        Self { removes, bytes: Vec::new(), ends: Vec::new(), rows: Vec::new() }
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> usize {
        self.rows.len()
    }

    /// How many bytes their keys, columns and values have.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Adds a row, of columns with their family and values.
    pub(crate) fn add<'c>(&mut self, key: &str, cells: impl Iterator<Item = (&'c [u8], &'c str)>) {
        self.add_text(key.as_bytes());
        let mut count = 0;
        for (column, value) in cells {
            self.add_text(column);
            self.add_text(value.as_bytes());
            count += 1;
        }
        self.rows.push(count);
    }

    fn add_text(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len());
    }

    /// Has a server do it to a table. Done twice, it does the same.
    pub(crate) fn call(&self, client: &mut impl TThriftClient, table: &str, timestamp: i64) -> thrift::Result<()> {
        let sequence = client.increment_sequence_number();
        send(client.o_prot_mut(), "mutateRowsTs", sequence, |output| {
            field(output, 1, TType::String, |output| output.write_bytes(table.as_bytes()))?;
            let mut texts = Texts { mutations: self, next: 0, begin: 0 };
            list(output, 2, TType::Struct, self.rows.iter(), |output, cells| {
                write_struct(output, |output| self.write_row(output, &mut texts, *cells))
            })?;
            field(output, 3, TType::I64, |output| output.write_i64(timestamp))?;
            field(output, 4, TType::Map, |output| {
                output.write_map_begin(&TMapIdentifier::new(TType::String, TType::String, 0))?;
                output.write_map_end()
            })
        })?;
        begin_answer(client.i_prot_mut(), sequence)?;
        read_answer(client.i_prot_mut())
    }

    /// The fields of `BatchMutation`, and in it those of `Mutation`; the log is written to where nothing is said of it.
    fn write_row(&self, output: &mut dyn TOutputProtocol, texts: &mut Texts<'_>, cells: usize) -> thrift::Result<()> {
        field(output, 1, TType::String, |output| output.write_bytes(texts.next()))?;
        list(output, 2, TType::Struct, 0..cells, |output, _| {
            write_struct(output, |output| {
                if self.removes {
                    field(output, 1, TType::Bool, |output| output.write_bool(true))?;
                }
                field(output, 2, TType::String, |output| output.write_bytes(texts.next()))?;
                field(output, 3, TType::String, |output| output.write_bytes(texts.next()))
            })
        })
    }
}

/// The texts one after the other.
struct Texts<'m> {
    mutations: &'m Mutations,
    next: usize,
    begin: usize,
}

impl<'m> Texts<'m> {
    fn next(&mut self) -> &'m [u8] {
        let end = self.mutations.ends.get(self.next).copied().unwrap_or(self.begin);
        let text = self.mutations.bytes.get(self.begin..end).unwrap_or_default();
        self.next += 1;
        self.begin = end;
        text
    }
}

/// What may be thrown: `IOError` or `IllegalArgument`.
fn read_answer(input: &mut dyn TInputProtocol) -> thrift::Result<()> {
    let mut thrown: Option<thrift::Error> = None;
    input.read_struct_begin()?;
    loop {
        let field = input.read_field_begin()?;
        match (field.field_type, field.id) {
            (TType::Stop, _) => break,
            (TType::Struct, Some(1)) => thrown = Some(IOError::read_from_in_protocol(input)?.into()),
            (TType::Struct, Some(2)) => thrown = Some(IllegalArgument::read_from_in_protocol(input)?.into()),
            (kind, _) => input.skip(kind)?,
        }
        input.read_field_end()?;
    }
    input.read_struct_end()?;
    input.read_message_end()?;
    thrown.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use hbase_thrift::hbase::{BatchMutation, Mutation};
    use thrift::{
        protocol::{
            TBinaryInputProtocol, TBinaryOutputProtocol, TFieldIdentifier, TMessageIdentifier, TMessageType,
            TStructIdentifier,
        },
        transport::TBufferChannel,
    };

    use super::{super::connection::Client, *};

    /// Calls, with the answer that is to come, and gives what was sent besides.
    fn called(mutations: &Mutations, thrown: Option<&IOError>) -> (thrift::Result<()>, Vec<u8>) {
        let mut answer = TBufferChannel::with_capacity(0, 1 << 10);
        let mut output = TBinaryOutputProtocol::new(answer.clone(), true);
        output.write_message_begin(&TMessageIdentifier::new("mutateRowsTs", TMessageType::Reply, 1)).unwrap();
        output.write_struct_begin(&TStructIdentifier::new("")).unwrap();
        if let Some(error) = thrown {
            output.write_field_begin(&TFieldIdentifier::new("io", TType::Struct, 1)).unwrap();
            error.write_to_out_protocol(&mut output).unwrap();
        }
        output.write_field_stop().unwrap();
        let mut channel = TBufferChannel::with_capacity(1 << 10, 1 << 10);
        channel.set_readable_bytes(&answer.write_bytes());
        answer.empty_write_buffer();
        let (input, output) =
            (TBinaryInputProtocol::new(channel.clone(), true), TBinaryOutputProtocol::new(channel.clone(), true));
        let mut client = Client::new(Box::new(input), Box::new(output));
        (mutations.call(&mut client, "n:tag_table", 7), channel.write_bytes())
    }

    /// What the generated code reads of a call.
    fn read(sent: &[u8]) -> (Vec<u8>, Vec<BatchMutation>, i64) {
        let mut channel = TBufferChannel::with_capacity(1 << 10, 0);
        channel.set_readable_bytes(sent);
        let mut input = TBinaryInputProtocol::new(channel, true);
        assert_eq!(input.read_message_begin().unwrap().name, "mutateRowsTs");
        input.read_field_begin().unwrap();
        let table = input.read_bytes().unwrap();
        input.read_field_begin().unwrap();
        let count = input.read_list_begin().unwrap().size;
        let rows = (0..count).map(|_| BatchMutation::read_from_in_protocol(&mut input).unwrap()).collect();
        input.read_field_begin().unwrap();
        (table, rows, input.read_i64().unwrap())
    }

    #[test]
    fn the_generated_code_reads_what_is_written() {
        let mut puts = Mutations::new(false);
        puts.add("é", [(&b"data:count"[..], "1"), (b"data:of", "")].into_iter());
        puts.add("none", std::iter::empty());
        let (answer, sent) = called(&puts, None);
        answer.unwrap();
        // What is not sent, the generated code reads as false; HBase's own has the interface file's default, by which the log is
        // written to.
        let put = |column: &[u8], value: &[u8]| Mutation::new(false, column.to_vec(), value.to_vec(), false);
        let rows = vec![
            BatchMutation::new("é".as_bytes().to_vec(), vec![put(b"data:count", b"1"), put(b"data:of", b"")]),
            BatchMutation::new(b"none".to_vec(), Vec::new()),
        ];
        assert_eq!(read(&sent), (b"n:tag_table".to_vec(), rows, 7));

        let mut removals = Mutations::new(true);
        removals.add("k", [(&b"data"[..], "")].into_iter());
        let (_, rows, _) = read(&called(&removals, None).1);
        assert_eq!(rows[0].mutations.as_ref().unwrap()[0].is_delete, Some(true));
    }

    #[test]
    fn what_the_server_throws_is_an_error() {
        let thrown = IOError::new(Some("TableNotFoundException".to_string()), Some(false));
        let (answer, _) = called(&Mutations::new(false), Some(&thrown));
        let Err(thrift::Error::User(error)) = answer else { panic!("{answer:?}") };
        assert_eq!(error.downcast_ref::<IOError>(), Some(&thrown));
    }
}
