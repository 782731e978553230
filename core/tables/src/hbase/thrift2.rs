//! The few calls of HBase's Thrift2 server that Thrift1 has not: tables with block encoding, split from the start; namespaces.
//!
//! Source of the numbers of fields and enumerations: `hbase.thrift` of HBase's module `hbase-thrift`, package `thrift2`.

use std::{collections::BTreeMap, fmt};

use thrift::{
    ApplicationError, ApplicationErrorKind,
    protocol::{TInputProtocol, TOutputProtocol, TType},
};
use tootmill_metric::{BloomFilter, Compression};

use super::{
    address::Address,
    connection::{Input, Output, guarded, open},
    error::Error,
    message::{begin_answer, field, list, send, structure, write_struct},
    schema::{Encoding, Family},
};

/// What Thrift2 says when something fails.
#[derive(Debug)]
pub(crate) struct TIOError {
    pub(crate) message: String,
}

impl fmt::Display for TIOError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TIOError {}

/// A connection to the Thrift2 server. Nothing is tried again: making a table twice is an error.
pub(crate) struct Thrift2 {
    server: String,
    input: Input,
    output: Output,
    sequence: i32,
}

impl Thrift2 {
    pub(crate) fn connect(address: &Address, server: &str) -> Result<Self, Error> {
        let wrong = || Error::Address { reason: format!("`{server}` is no HOST:PORT of a Thrift2 server") };
        let (host, port) = server.rsplit_once(':').ok_or_else(wrong)?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let (input, output) = open(address, host, port.parse().map_err(|_| wrong())?)?;
        Ok(Self { server: server.into(), input, output, sequence: 0 })
    }

    /// Makes a namespace.
    pub(crate) fn create_namespace(&mut self, name: &str) -> Result<(), Error> {
        self.call(&format!("make the namespace `{name}`"), "createNamespace", |output| {
            structure(output, 1, |output| field(output, 1, TType::String, |output| output.write_string(name)))
        })
        .map(drop)
    }

    /// The namespaces that there are.
    pub(crate) fn namespaces(&mut self) -> Result<Vec<String>, Error> {
        let found = self.call("list the namespaces", "listNamespaces", |_| Ok(()))?;
        let Some(Value::List(names)) = found else { return Ok(Vec::new()) };
        Ok(names.iter().filter_map(Value::text).collect())
    }

    /// Makes a table with regions that end at the split points.
    pub(crate) fn create_table(&mut self, table: &str, families: &[Family], splits: &[Vec<u8>]) -> Result<(), Error> {
        self.call(&format!("make the table `{table}`"), "createTable", |output| {
            structure(output, 1, |output| {
                structure(output, 1, |output| table_name(output, table))?;
                list(output, 2, TType::Struct, families.iter(), |output, family| {
                    write_struct(output, |output| write_family(output, family))
                })
            })?;
            list(output, 2, TType::String, splits.iter(), |output, split| output.write_bytes(split))
        })
        .map(drop)
    }

    /// The families that a table has.
    pub(crate) fn families(&mut self, table: &str) -> Result<Vec<Family>, Error> {
        let action = format!("describe the table `{table}`");
        let found = self
            .call(&action, "getTableDescriptor", |output| structure(output, 1, |output| table_name(output, table)))?;
        let families = found.as_ref().and_then(|found| found.field(2));
        let Some(Value::List(families)) = families else { return Ok(Vec::new()) };
        Ok(families.iter().filter_map(read_family).collect())
    }

    /// Calls, and gives what is returned, if something is.
    fn call(
        &mut self,
        action: &str,
        name: &str,
        arguments: impl FnOnce(&mut dyn TOutputProtocol) -> thrift::Result<()>,
    ) -> Result<Option<Value>, Error> {
        self.sequence += 1;
        let called = guarded(|| self.send_and_receive(name, arguments));
        called.map_err(|error| Error::of_call(action, self.server.clone(), &error))
    }

    fn send_and_receive(
        &mut self,
        name: &str,
        arguments: impl FnOnce(&mut dyn TOutputProtocol) -> thrift::Result<()>,
    ) -> thrift::Result<Option<Value>> {
        send(&mut self.output, name, self.sequence, arguments)?;
        let input = &mut self.input;
        begin_answer(input, self.sequence)?;
        let mut answer = read(input, TType::Struct, DEPTH)?;
        input.read_message_end()?;
        // Field 0 is what is returned, the others are what is thrown.
        let Value::Struct(fields) = &mut answer else { return Ok(None) };
        let returned = fields.remove(&0);
        match fields.values().next() {
            Some(error) => {
                let message = error.field(1).and_then(Value::text).unwrap_or_default();
                Err(thrift::Error::User(Box::new(TIOError { message })))
            }
            None => Ok(returned),
        }
    }
}

/// `TTableName`.
fn table_name(output: &mut dyn TOutputProtocol, table: &str) -> thrift::Result<()> {
    let (namespace, name) = table.split_once(':').unwrap_or(("default", table));
    field(output, 1, TType::String, |output| output.write_bytes(namespace.as_bytes()))?;
    field(output, 2, TType::String, |output| output.write_bytes(name.as_bytes()))
}

/// `TBloomFilterType`.
const BLOOM_FILTERS: [(i32, BloomFilter); 3] =
    [(0, BloomFilter::None), (1, BloomFilter::Row), (2, BloomFilter::RowColumn)];
/// `TCompressionAlgorithm`.
const COMPRESSIONS: [(i32, Compression); 5] = [
    (1, Compression::Gz),
    (2, Compression::None),
    (3, Compression::Snappy),
    (4, Compression::Lz4),
    (6, Compression::Zstd),
];
/// `TDataBlockEncoding`.
const ENCODINGS: [(i32, Encoding); 5] = [
    (0, Encoding::None),
    (2, Encoding::Prefix),
    (3, Encoding::Diff),
    (4, Encoding::FastDiff),
    (7, Encoding::RowIndexV1),
];

fn number_of<T: Copy + PartialEq>(list: &[(i32, T)], value: T) -> i32 {
    list.iter().find(|(_, other)| *other == value).map_or(0, |(number, _)| *number)
}

fn of_number<T: Copy>(list: &[(i32, T)], number: i32) -> Option<T> {
    list.iter().find(|(other, _)| *other == number).map(|(_, value)| *value)
}

/// The fields of `TColumnFamilyDescriptor`.
fn write_family(output: &mut dyn TOutputProtocol, family: &Family) -> thrift::Result<()> {
    field(output, 1, TType::String, |output| output.write_bytes(family.name.as_bytes()))?;
    let bloom_filter = family.bloom_filter.map_or(1, |filter| number_of(&BLOOM_FILTERS, filter));
    let compression = family.compression.map_or(2, |compression| number_of(&COMPRESSIONS, compression));
    let encoding = family.encoding.map_or(0, |encoding| number_of(&ENCODINGS, encoding));
    field(output, 5, TType::I32, |output| output.write_i32(bloom_filter))?;
    field(output, 6, TType::I32, |output| output.write_i32(compression))?;
    field(output, 8, TType::I32, |output| output.write_i32(encoding))?;
    field(output, 10, TType::I32, |output| output.write_i32(family.versions))?;
    field(output, 13, TType::I32, |output| output.write_i32(family.time_to_live.unwrap_or(i32::MAX)))?;
    field(output, 14, TType::Bool, |output| output.write_bool(true))
}

fn read_family(value: &Value) -> Option<Family> {
    let number = |id| value.field(id).and_then(Value::number);
    Some(Family {
        name: value.field(1)?.text()?,
        versions: number(10)?,
        time_to_live: number(13).filter(|seconds| *seconds != i32::MAX && *seconds > 0),
        bloom_filter: number(5).and_then(|number| of_number(&BLOOM_FILTERS, number)),
        compression: number(6).and_then(|number| of_number(&COMPRESSIONS, number)),
        encoding: number(8).and_then(|number| of_number(&ENCODINGS, number)),
    })
}

/// A value of Thrift, of the kinds that are looked at.
#[derive(Debug)]
enum Value {
    Struct(BTreeMap<i16, Value>),
    List(Vec<Value>),
    Bytes(Vec<u8>),
    Number(i32),
    Other,
}

impl Value {
    fn field(&self, id: i16) -> Option<&Self> {
        match self {
            Self::Struct(fields) => fields.get(&id),
            _ => None,
        }
    }

    fn text(&self) -> Option<String> {
        match self {
            Self::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            _ => None,
        }
    }

    fn number(&self) -> Option<i32> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }
}

/// Answers are less deep than that.
const DEPTH: u8 = 16;

fn read(input: &mut Input, kind: TType, depth: u8) -> thrift::Result<Value> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err(thrift::Error::Application(ApplicationError::new(
            ApplicationErrorKind::ProtocolError,
            "the answer is too deep",
        )));
    };
    Ok(match kind {
        TType::Struct => {
            let mut fields = BTreeMap::new();
            input.read_struct_begin()?;
            loop {
                let field = input.read_field_begin()?;
                if field.field_type == TType::Stop {
                    break;
                }
                let value = read(input, field.field_type, depth)?;
                fields.insert(field.id.unwrap_or_default(), value);
                input.read_field_end()?;
            }
            input.read_struct_end()?;
            Value::Struct(fields)
        }
        TType::List => {
            let list = input.read_list_begin()?;
            let items = (0..list.size).map(|_| read(input, list.element_type, depth)).collect::<Result<_, _>>()?;
            input.read_list_end()?;
            Value::List(items)
        }
        TType::String => Value::Bytes(input.read_bytes()?),
        TType::I32 => Value::Number(input.read_i32()?),
        kind => {
            input.skip(kind)?;
            Value::Other
        }
    })
}
