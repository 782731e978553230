//! What must be in HDFS before anyone can work: folders, and whose they are.

use crate::{Error, ports::Port, settings::Settings, web};

/// Where everyone may write, and the homes of users.
pub(crate) fn make_folders(settings: &Settings) -> Result<(), Error> {
    for (path, permission) in [
        ("/tmp", "1777"),
        ("/tmp/hadoop-yarn", "1777"),
        ("/tmp/hadoop-yarn/staging", "1777"),
        // Where application masters of any user leave what the history server reads.
        ("/tmp/hadoop-yarn/staging/history", "755"),
        ("/user", "755"),
    ] {
        make_folder(settings, path, permission)?;
    }
    make_home(settings, &settings.user)
}

/// The home of a user, which is theirs.
pub(crate) fn make_home(settings: &Settings, user: &str) -> Result<(), Error> {
    let home = format!("/user/{user}");
    make_folder(settings, &home, "755")?;
    ask(settings, &home, &format!("SETOWNER&owner={user}&group={user}"))
}

fn make_folder(settings: &Settings, path: &str, permission: &str) -> Result<(), Error> {
    ask(settings, path, "MKDIRS")?;
    ask(settings, path, &format!("SETPERMISSION&permission={permission}"))
}

fn ask(settings: &Settings, path: &str, operation: &str) -> Result<(), Error> {
    let path = format!("/webhdfs/v1{path}?user.name={}&op={operation}", settings.user);
    let refused = |problem| Error::Refused { doing: "preparing folders in HDFS".to_owned(), problem };
    web::put(&settings.ports.url(Port::NameNodeWeb, path)).map_err(refused)
}
