//! `callboard catalog export`

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use catalog::{Export, ExportOptions};
use clap::Args;
use model::{EntityRef, Filter};
use serde_json::Value;

use crate::output::{Out, counted, progress, say, stdout};

use super::config::ValueFormat;
use super::open::Target;
use super::{ConfigArgs, Verdict, block_on};

/// Arguments of `catalog export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Only these entities, as in the API: `kind=component,spec.owner=team-a`. Commas mean "and",
    /// repeating the option means "or".
    #[arg(long, value_name = "FILTER")]
    filter: Vec<String>,
    /// In which language.
    #[arg(long, value_enum, default_value = "yaml")]
    format: ValueFormat,
    /// A folder that gets one file per entity, `KIND/NAMESPACE/NAME.yaml`; files that are there are
    /// overwritten. `-` stands for standard output.
    #[arg(long, value_name = "DIR", default_value = "-")]
    out: PathBuf,
    /// Keep the annotations that say where an entity was read.
    #[arg(long)]
    annotations: bool,
    /// Keep everything that the catalog adds, such as relations, uid and status.
    #[arg(long)]
    as_served: bool,
}

impl ExportArgs {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        let target = Target::of(&self.config)?;
        let options = ExportOptions {
            filter: self.filter()?,
            keep_annotations: self.annotations,
            as_served: self.as_served,
        };
        block_on(async {
            let export = Export::new(target.open().await?, options);
            if self.out == Path::new("-") {
                self.stream(export).await
            } else {
                self.write_files(export).await
            }
        })
    }

    fn filter(&self) -> anyhow::Result<Filter> {
        let filter = model::parse_filter_params(&self.filter)
            .and_then(|predicate| predicate.map(|predicate| predicate.to_filter()).transpose())
            .context("`--filter` cannot be understood")?;
        Ok(filter.unwrap_or_else(Filter::everything))
    }

    async fn stream(&self, mut export: Export) -> anyhow::Result<Verdict> {
        let mut stream = Stream::new(self.format);
        while let Some(page) = export.next_page().await? {
            page.iter().try_for_each(|entity| stream.push(entity))?;
        }
        stream.finish()?;
        Ok(Verdict::Fine)
    }

    async fn write_files(&self, mut export: Export) -> anyhow::Result<Verdict> {
        let bar = progress(0, "exporting");
        let mut n_entities = 0;
        while let Some(page) = export.next_page().await? {
            for entity in &page {
                self.write_file(entity)?;
            }
            n_entities += page.len();
            bar.set_length(n_entities as u64);
            bar.set_position(n_entities as u64);
        }
        bar.finish_and_clear();
        let n_entities = counted(n_entities, "entity");
        say(format_args!(
            "{n_entities} written to {}",
            self.out.display()
        ));
        Ok(Verdict::Fine)
    }

    fn write_file(&self, entity: &Value) -> anyhow::Result<()> {
        let EntityRef {
            kind,
            namespace,
            name,
        } = EntityRef::from_entity(entity)?;
        for part in [&kind, &namespace, &name] {
            if part.starts_with('.') || part.contains(['/', '\\', '\0']) {
                bail!("`{kind}:{namespace}/{name}` makes no file name");
            }
        }
        let folder = self
            .out
            .join(kind.to_lowercase())
            .join(namespace.to_lowercase());
        let (extension, text) = match self.format {
            ValueFormat::Yaml => ("yaml", model::to_yaml(entity)),
            ValueFormat::Json => ("json", format!("{entity:#}\n")),
        };
        let file = folder.join(format!("{}.{extension}", name.to_lowercase()));
        fs::create_dir_all(&folder)
            .and_then(|()| fs::write(&file, text))
            .with_context(|| format!("cannot write `{}`", file.display()))
    }
}

/// Entities on standard output: YAML documents, or one JSON array.
struct Stream {
    out: Out,
    format: ValueFormat,
    is_empty: bool,
}

impl Stream {
    fn new(format: ValueFormat) -> Self {
        Self {
            out: stdout(),
            format,
            is_empty: true,
        }
    }

    fn push(&mut self, entity: &Value) -> io::Result<()> {
        match self.format {
            ValueFormat::Yaml => write!(self.out, "---\n{}", model::to_yaml(entity))?,
            ValueFormat::Json => {
                let separator = if self.is_empty { "[\n" } else { ",\n" };
                write!(self.out, "{separator}{entity}")?;
            }
        }
        self.is_empty = false;
        Ok(())
    }

    fn finish(mut self) -> io::Result<()> {
        match (self.format, self.is_empty) {
            (ValueFormat::Yaml, _) => {}
            (ValueFormat::Json, true) => self.out.write_all(b"[]\n")?,
            (ValueFormat::Json, false) => self.out.write_all(b"\n]\n")?,
        }
        self.out.flush()
    }
}
