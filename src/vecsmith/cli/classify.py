"""``vecsmith classify``: texts to labels, learnt from examples or from what the labels say."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from vecsmith.cli import classify_options as own  # noqa: TC001 (typer reads the annotations when it runs)
from vecsmith.cli import options  # noqa: TC001 (as above)
from vecsmith.cli.classify_output import print_predictions, print_report, tell
from vecsmith.cli.labelled import Source, check_given, labels_in
from vecsmith.cli.messages import say, stop
from vecsmith.cli.tables import AsJson  # noqa: TC001 (as above)
from vecsmith.cli.work import Engine, hush, is_watched, one_vector_each
from vecsmith.files import STDIN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vecsmith.classifying import Classifier

__all__ = ["app"]

app = typer.Typer(
    name="classify",
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Label texts: learnt from labelled examples, or from what the labels say.",
)


@app.command("train")
def train(
    *,
    source: options.Input = None,
    label: own.Label = "label",
    output: own.HeadOutput,
    input_format: options.InputFormat = None,
    input_encoding: options.InputEncoding = None,
    field: options.Field = None,
    id_field: options.Id = None,
    test: own.Test = None,
    holdout: own.Holdout = 0.2,
    c: own.Strength = None,
    balanced: own.Balanced = False,
    unsure_below: own.UnsureBelow = None,
    unsure_margin: own.UnsureMargin = None,
    picture: own.Picture = None,
    model: options.Model = "minilm",
    task: options.Task = "classification",
    prompt: options.Prompt = None,
    dimensions: options.Dimensions = None,
    on_long: options.OnLong = "truncate",
    clean: options.Clean = None,
    compute: options.Compute = "auto",
    threads: options.Threads = None,
    base_url: options.BaseUrl = None,
    concurrency: options.Concurrency = None,
    cache: options.Cache = None,
    quiet: options.Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Learn labels from labelled rows, save what was learnt, and report on rows that it had not seen.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done with rows set aside, 130 interrupted.
    """
    from vecsmith.classifying.predictions import Unsure
    from vecsmith.classifying.training import Training
    from vecsmith.cli.learning import Lesson

    check_picture(picture)
    asked = Training(c, balanced, holdout, Unsure(**given(below=unsure_below, margin=unsure_margin)))
    check_given(source)
    origin = Source(source or STDIN, input_format, input_encoding, field, id_field, label)
    lesson = Lesson(origin, test, asked, one_vector_each(task, prompt, dimensions, on_long, clean))
    hush(quiet=quiet)
    with Engine(model, compute, threads, base_url, concurrency, cache).open() as embedder:
        learnt = lesson.learnt(embedder, shown=is_watched(quiet=quiet))
        learnt.classifier.save(output)
    tell(learnt.classifier.report, picture, learnt.facts(output) if as_json else None)
    if not quiet:
        say(learnt.summary())
        say(f"saved: {output}")
    raise typer.Exit(lesson.concluded(learnt, quiet=quiet))


@app.command("predict")
def predict(
    *,
    head: own.Head,
    source: options.Input = None,
    input_format: options.InputFormat = None,
    input_encoding: options.InputEncoding = None,
    field: options.Field = None,
    id_field: options.Id = None,
    output: own.Output = None,
    top: own.Top = 3,
    unsure_below: own.UnsureBelow = None,
    unsure_margin: own.UnsureMargin = None,
    model: own.HeadModel = None,
    compute: options.Compute = "auto",
    threads: options.Threads = None,
    base_url: options.BaseUrl = None,
    concurrency: options.Concurrency = None,
    cache: options.Cache = None,
    quiet: options.Quiet = False,
) -> None:
    """Label texts with a saved head: a JSON line for each, with its label, probability, and whether that is unsure."""
    check_given(source)
    origin = Source(source or STDIN, input_format, input_encoding, field, id_field)
    engine = Engine(model or "", compute, threads, base_url, concurrency, cache)
    hush(quiet=quiet)
    with opened(head, engine) as classifier:
        surer = classifier.with_unsure(below=unsure_below, margin=unsure_margin)
        raise typer.Exit(print_predictions(surer, origin, output, top, quiet=quiet))


@app.command("evaluate")
def evaluate(
    *,
    head: own.Head,
    source: options.Input = None,
    label: own.Label = "label",
    input_format: options.InputFormat = None,
    input_encoding: options.InputEncoding = None,
    field: options.Field = None,
    id_field: options.Id = None,
    unsure_below: own.UnsureBelow = None,
    unsure_margin: own.UnsureMargin = None,
    picture: own.Picture = None,
    model: own.HeadModel = None,
    compute: options.Compute = "auto",
    threads: options.Threads = None,
    base_url: options.BaseUrl = None,
    concurrency: options.Concurrency = None,
    cache: options.Cache = None,
    quiet: options.Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Report how right a saved head is on rows whose labels are known."""
    check_picture(picture)
    check_given(source)
    origin = Source(source or STDIN, input_format, input_encoding, field, id_field, label)
    engine = Engine(model or "", compute, threads, base_url, concurrency, cache)
    hush(quiet=quiet)
    with opened(head, engine) as classifier:
        surer = classifier.with_unsure(below=unsure_below, margin=unsure_margin)
        raise typer.Exit(print_report(surer, origin, picture, quiet=quiet, as_json=as_json))


@app.command("zero-shot")
def zero_shot(
    *,
    labels: own.Labels,
    source: options.Input = None,
    label: own.TrueLabel = None,
    input_format: options.InputFormat = None,
    input_encoding: options.InputEncoding = None,
    field: options.Field = None,
    id_field: options.Id = None,
    output: own.Output = None,
    save: own.Save = None,
    top: own.Top = 3,
    temperature: own.Temperature = 0.05,
    template: own.Template = "{}",
    unsure_below: own.UnsureBelow = None,
    unsure_margin: own.UnsureMargin = None,
    picture: own.Picture = None,
    model: options.Model = "minilm",
    task: options.Task = "classification",
    prompt: options.Prompt = None,
    dimensions: options.Dimensions = None,
    on_long: options.OnLong = "truncate",
    clean: options.Clean = None,
    compute: options.Compute = "auto",
    threads: options.Threads = None,
    base_url: options.BaseUrl = None,
    concurrency: options.Concurrency = None,
    cache: options.Cache = None,
    quiet: options.Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Label texts without examples, by how near they are to the names or descriptions of labels.

    Prints what `predict` prints; with --label, which says where the true labels are, a report instead.
    """
    from vecsmith.classifying.classifier import Classifier

    check_picture(picture)
    check_printed(output, picture, reported=label is not None, as_json=as_json)
    check_given(source)
    origin = Source(source or STDIN, input_format, input_encoding, field, id_field, label)
    wish = one_vector_each(task, prompt, dimensions, on_long, clean)
    border = given(unsure_below=unsure_below, unsure_margin=unsure_margin)
    told = labels_in(labels)
    hush(quiet=quiet)
    with Engine(model, compute, threads, base_url, concurrency, cache).open() as embedder:
        classifier = Classifier.zero_shot(embedder, told, temperature=temperature, template=template, **border, **wish)
        if save is not None:
            classifier.save(save)
        if label is None:
            raise typer.Exit(print_predictions(classifier, origin, output, top, quiet=quiet))
        raise typer.Exit(print_report(classifier, origin, picture, quiet=quiet, as_json=as_json))


def given(**options: float | None) -> dict[str, float]:
    """Return the options that are not left open."""
    return {name: value for name, value in options.items() if value is not None}


def check_picture(path: Path | None) -> None:
    """Refuse a name that says something else than what is drawn."""
    if path is not None and path.suffix.lower() != ".png":
        stop("--picture draws a PNG: give it a name that ends with .png")


def check_printed(output: Path | None, picture: Path | None, *, reported: bool, as_json: bool) -> None:
    """Refuse what is for a report where predictions are printed, and the other way round."""
    if not reported and (picture is not None or as_json):
        stop("--picture and --json are for a report: name the column of the true labels with --label")
    if reported and output is not None:
        stop("--output is for predictions, and --label asks for a report: leave one of them away")


@contextmanager
def opened(head: Path, engine: Engine) -> Iterator[Classifier]:
    """Open a saved head with the model that it was made with."""
    from vecsmith.classifying.classifier import Classifier, arithmetic
    from vecsmith.classifying.saved import load
    from vecsmith.errors import ConfigError

    saved = load(head)
    model = engine.model or saved.model
    if model is None:
        raise ConfigError(f"{head} does not say which model it was made with: name it with --model")
    compute = arithmetic(saved.space) if engine.compute == "auto" else engine.compute
    with replace(engine, model=model, compute=compute).open() as embedder:
        yield Classifier.load(head, embedder)
