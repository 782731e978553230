//! `robots.txt`: what an instance asks programs not to read (RFC 9309).

use std::time::Duration;

use texting_robots::Robot;

use crate::{
    client::{AGENT, Client},
    error::Error,
};

/// An error where robots.txt asks this program not to read one of the paths, which are given with their queries. A pause that it asks for between requests is kept from then
/// on, and given.
///
/// An instance without the file allows everything; one that fails to give it is asked again, and then it is an error.
pub fn check_robots(client: &Client, paths: &[&str]) -> Result<Option<Duration>, Error> {
    let answer = client.ask(&client.url("/robots.txt", &[])?)?;
    if !answer.status.is_success() {
        return Ok(None);
    }
    // A file that is none asks for nothing.
    let Ok(robot) = Robot::new(AGENT, &answer.body) else { return Ok(None) };
    for path in paths {
        if !robot.allowed(client.url(path, &[])?.as_str()) {
            return Err(Error::Robots { instance: client.base().to_string(), path: (*path).into() });
        }
    }
    let delay = robot.delay.and_then(|seconds| Duration::try_from_secs_f32(seconds).ok());
    if let Some(delay) = delay {
        client.keep_apart(delay);
    }
    Ok(delay)
}
