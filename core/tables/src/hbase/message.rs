//! Messages of Thrift that are written by hand: a call, its fields, and the beginning of its answer.

use thrift::{
    ApplicationError, ApplicationErrorKind,
    protocol::{
        TFieldIdentifier, TInputProtocol, TListIdentifier, TMessageIdentifier, TMessageType, TOutputProtocol,
        TStructIdentifier, TType,
    },
};

/// Sends a call.
pub(super) fn send(
    output: &mut dyn TOutputProtocol,
    name: &str,
    sequence: i32,
    arguments: impl FnOnce(&mut dyn TOutputProtocol) -> thrift::Result<()>,
) -> thrift::Result<()> {
    output.write_message_begin(&TMessageIdentifier::new(name, TMessageType::Call, sequence))?;
    write_struct(output, arguments)?;
    output.write_message_end()?;
    output.flush()
}

/// Begins to read the answer to a call, up to its struct.
pub(super) fn begin_answer(input: &mut dyn TInputProtocol, sequence: i32) -> thrift::Result<()> {
    let message = input.read_message_begin()?;
    if message.message_type == TMessageType::Exception {
        let error = thrift::Error::read_application_error_from_in_protocol(input)?;
        input.read_message_end()?;
        return Err(thrift::Error::Application(error));
    }
    if message.sequence_number != sequence {
        return Err(thrift::Error::Application(ApplicationError::new(
            ApplicationErrorKind::BadSequenceId,
            "the answer is to another question",
        )));
    }
    Ok(())
}

// An empty name is never sent, and needs no memory.

pub(super) fn write_struct(
    output: &mut dyn TOutputProtocol,
    write: impl FnOnce(&mut dyn TOutputProtocol) -> thrift::Result<()>,
) -> thrift::Result<()> {
    output.write_struct_begin(&TStructIdentifier::new(""))?;
    write(output)?;
    output.write_field_stop()?;
    output.write_struct_end()
}

pub(super) fn field(
    output: &mut dyn TOutputProtocol,
    id: i16,
    kind: TType,
    write: impl FnOnce(&mut dyn TOutputProtocol) -> thrift::Result<()>,
) -> thrift::Result<()> {
    output.write_field_begin(&TFieldIdentifier::new("", kind, id))?;
    write(output)?;
    output.write_field_end()
}

pub(super) fn structure(
    output: &mut dyn TOutputProtocol,
    id: i16,
    write: impl FnOnce(&mut dyn TOutputProtocol) -> thrift::Result<()>,
) -> thrift::Result<()> {
    field(output, id, TType::Struct, |output| write_struct(output, write))
}

pub(super) fn list<T>(
    output: &mut dyn TOutputProtocol,
    id: i16,
    kind: TType,
    items: impl ExactSizeIterator<Item = T>,
    mut write: impl FnMut(&mut dyn TOutputProtocol, T) -> thrift::Result<()>,
) -> thrift::Result<()> {
    field(output, id, TType::List, |output| {
        output.write_list_begin(&TListIdentifier::new(kind, i32::try_from(items.len()).unwrap_or(i32::MAX)))?;
        for item in items {
            write(output, item)?;
        }
        output.write_list_end()
    })
}
