//! The questions a portal asks, timed one by one.

use std::hint::black_box;
use std::time::{Duration, Instant};

use index::{Cursor, Index, ListRequest, PageRequest, TextFilter};
use model::{Direction, Filter, OrderField};

use crate::catalog::Catalog;

/// Time for one kind of question.
const BUDGET: Duration = Duration::from_millis(1_500);

fn by(field: &str, order: Direction) -> Vec<OrderField> {
    vec![OrderField {
        field: field.to_owned(),
        order,
    }]
}

fn page(index: &Index, filter: &Filter, cursor: &Cursor) -> index::Page {
    index.page(&PageRequest {
        filter,
        cursor,
        limit: 20,
        offset: 0,
        with_total: true,
    })
}

/// Runs `question` until the time is up; prints the median and the mean processor time, which
/// differ when the machine has other work.
fn time(name: &str, mut question: impl FnMut(u32)) {
    if !is_asked_for(name) {
        return;
    }
    question(0);
    let (mut times, mut n_times) = (Vec::new(), 0.0);
    let start = Instant::now();
    let cpu = processor_time();
    for n in 1..50_000 {
        let begin = Instant::now();
        question(n);
        times.push(begin.elapsed());
        n_times += 1.0;
        if start.elapsed() > BUDGET {
            break;
        }
    }
    let mean = (processor_time() - cpu) / n_times * 1e6;
    times.sort_unstable();
    let median = times[times.len() / 2].as_secs_f64() * 1e6;
    println!("  {name:<46} {median:>10.1} µs, {mean:>10.1} µs of processor");
}

/// Whether the arguments name this question, or none.
fn is_asked_for(name: &str) -> bool {
    let mut asked = std::env::args()
        .skip(1)
        .filter(|arg| arg.parse::<u32>().is_err())
        .peekable();
    asked.peek().is_none() || asked.any(|part| name.contains(&part))
}

/// Seconds that this thread has run; zero where the kernel does not tell.
pub(crate) fn processor_time() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text
        .split_whitespace()
        .next()
        .and_then(|nanos| nanos.parse::<f64>().ok());
    nanos.unwrap_or_default() / 1e9
}

fn once(name: &str, question: impl FnOnce()) {
    if !is_asked_for(name) {
        return;
    }
    let begin = processor_time();
    question();
    println!(
        "  {name:<46} {:>10.1} ms of processor",
        (processor_time() - begin) * 1e3
    );
}

pub(crate) fn run(index: &mut Index, catalog: &Catalog, size: u32) {
    let component = Filter::equals("kind", "component");
    let service = component
        .clone()
        .and(Filter::equals("spec.type", "service"));
    let live = service
        .clone()
        .and(Filter::equals("spec.lifecycle", "production"));
    once("first: order by reference", || index.warm(&[]));
    once("first: order by name", || index.warm(&["metadata.name"]));
    once("first: order by owner", || index.warm(&["spec.owner"]));
    once("first: facets of three keys", || {
        index.facets(&["spec.type", "spec.lifecycle", "spec.owner"], &component);
    });
    pages(index, catalog, size, &component, &service, &live);
    texts(index, &component, &live);
    facets(index, catalog, &component, &live);
    lists(index, &component);
    time("by reference", |n| {
        black_box(index.by_ref(&catalog.reference(n % size)));
    });
    changes(index, catalog, size);
}

fn pages(
    index: &Index,
    catalog: &Catalog,
    size: u32,
    component: &Filter,
    service: &Filter,
    live: &Filter,
) {
    let owners: Vec<Filter> = (0..64)
        .map(|n| {
            service
                .clone()
                .and(Filter::equals("spec.owner", &catalog.owner(n)))
        })
        .collect();
    let name = Cursor::first(by("metadata.name", Direction::Asc), None);
    time("page: three filters, few hits", |n| {
        black_box(page(index, &owners[n as usize % 64], &name));
    });
    time("page: three filters, many hits", |_| {
        black_box(page(index, live, &name));
    });
    time("page: one filter", |_| {
        black_box(page(index, component, &name));
    });
    let mut middle = name.clone();
    middle.order_field_values = Some(vec![catalog.name(size / 2), catalog.reference(size / 2)]);
    time("page: one filter, in the middle", |_| {
        black_box(page(index, component, &middle));
    });
    let owner = Cursor::first(by("spec.owner", Direction::Desc), None);
    time("page: three filters, by owner, descending", |_| {
        black_box(page(index, live, &owner));
    });
    let region = component
        .clone()
        .and(Filter::equals("metadata.labels.region", "eu"));
    let centre = region.and(Filter::equals("metadata.labels.cost-centre", "cc7"));
    time("page: three filters, hundreds of hits", |_| {
        black_box(page(index, &centre, &name));
    });
    let negative = component.clone().and(Filter::Not(Box::new(live.clone())));
    time("page: with a negation", |_| {
        black_box(page(index, &negative, &name));
    });
    let prefix = Filter::Prefix {
        key: "metadata.name".to_owned(),
        prefix: "quiet-o".to_owned(),
    };
    time("page: with a prefix", |_| {
        black_box(page(index, &prefix, &name));
    });
}

fn texts(index: &Index, component: &Filter, live: &Filter) {
    let text = |term: &str, fields: &[&str]| {
        let fields = Some(fields.iter().map(|field| (*field).to_owned()).collect());
        let text = TextFilter {
            term: term.to_owned(),
            fields,
        };
        Cursor::first(by("metadata.name", Direction::Asc), Some(text))
    };
    let usual = [
        "metadata.name",
        "metadata.title",
        "spec.profile.displayName",
    ];
    let cases = [
        (
            "text: rare, in the name",
            text("quiet-order-12", &usual[..1]),
        ),
        (
            "text: rare, in three fields",
            text("quiet-order-12", &usual),
        ),
        ("text: common, in the name", text("quiet", &usual[..1])),
        ("text: with wildcards", text("qu%ord_r-1", &usual[..1])),
    ];
    for (name, cursor) in cases {
        once(&format!("first: {name}"), || {
            black_box(page(index, component, &cursor));
        });
        time(name, |_| {
            black_box(page(index, component, &cursor));
        });
    }
    let cursor = text("quiet", &usual[..1]);
    time("text: common, three filters", |_| {
        black_box(page(index, live, &cursor));
    });
}

fn facets(index: &Index, catalog: &Catalog, component: &Filter, live: &Filter) {
    let keys = ["spec.type", "spec.lifecycle", "spec.owner"];
    let owner = component
        .clone()
        .and(Filter::equals("spec.owner", &catalog.owner(1)));
    let cases = [
        (
            "facets: three keys, everything",
            &keys[..],
            &Filter::everything(),
        ),
        ("facets: three keys, one filter", &keys[..], component),
        ("facets: three keys, three filters", &keys[..], live),
        ("facets: three keys, few hits", &keys[..], &owner),
        (
            "facets: tags, one filter",
            &["metadata.tags"][..],
            component,
        ),
    ];
    for (name, keys, filter) in cases {
        time(name, |_| {
            black_box(index.facets(keys, filter));
        });
    }
}

fn lists(index: &Index, component: &Filter) {
    let order = by("metadata.name", Direction::Desc);
    let page = |offset| ListRequest {
        filter: component,
        order: &order,
        limit: Some(20),
        offset: Some(offset),
    };
    time("list: by name, descending", |_| {
        black_box(index.list(&page(0)));
    });
    time("list: by name, offset 5000", |_| {
        black_box(index.list(&page(5_000)));
    });
    let all = ListRequest {
        filter: component,
        order: &[],
        limit: None,
        offset: None,
    };
    time("list: everything of a kind", |_| {
        black_box(index.list(&all));
    });
}

fn changes(index: &mut Index, catalog: &Catalog, size: u32) {
    let entities: Vec<_> = (0..500)
        .map(|n| catalog.entity(n * (size / 500), 0))
        .collect();
    let changed: Vec<_> = (0..500)
        .map(|n| catalog.entity(n * (size / 500), 1))
        .collect();
    let upsert = |index: &mut Index, entity: &crate::catalog::Entity| {
        let rows = entity.borrow();
        index.upsert(entity.document(&rows));
    };
    time("change: nothing", |n| {
        upsert(index, &entities[n as usize % 500]);
    });
    time("change: a description", |n| {
        let version = if n / 500 % 2 == 0 {
            &changed
        } else {
            &entities
        };
        upsert(index, &version[n as usize % 500]);
    });
    time("change: removed and added again", |n| {
        index.remove(i64::from(n % 500 * (size / 500)) + 1);
        upsert(index, &entities[n as usize % 500]);
    });
}
