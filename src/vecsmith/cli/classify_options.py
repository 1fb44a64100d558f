"""The options of ``vecsmith classify`` that no other command has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "Balanced",
    "Head",
    "HeadModel",
    "HeadOutput",
    "Holdout",
    "Label",
    "Labels",
    "Output",
    "Picture",
    "Save",
    "Strength",
    "Temperature",
    "Template",
    "Test",
    "Top",
    "TrueLabel",
    "UnsureBelow",
    "UnsureMargin",
]

Label = Annotated[
    str,
    typer.Option("--label", envvar="VECSMITH_LABEL", metavar="NAME", help="The column or field that holds the label."),
]
TrueLabel = Annotated[
    str | None,
    typer.Option(
        "--label",
        envvar="VECSMITH_LABEL",
        metavar="NAME",
        help="The column or field that holds the label, where it is known: print a report, not the predictions.",
    ),
]
Labels = Annotated[
    Path,
    typer.Option(
        "--labels",
        envvar="VECSMITH_LABELS",
        metavar="FILE",
        help="The labels: a table or JSON lines with label and, if you like, description, several rows for several "
        "descriptions; or a text file, a label a line. Without a description the name is read as words.",
    ),
]
Head = Annotated[
    Path,
    typer.Option(
        "--head", envvar="VECSMITH_HEAD", metavar="FOLDER", help="The folder that train, or zero-shot --save, wrote."
    ),
]
HeadOutput = Annotated[
    Path,
    typer.Option("--output", envvar="VECSMITH_OUTPUT", metavar="FOLDER", help="The folder to save what was learnt in."),
]
Save = Annotated[
    Path | None,
    typer.Option(
        "--save", envvar="VECSMITH_SAVE", metavar="FOLDER", help="Keep the labels' head for predict and evaluate."
    ),
]
HeadModel = Annotated[
    str | None,
    typer.Option(
        "--model",
        envvar="VECSMITH_HEAD_MODEL",
        metavar="NAME",
        help="Where the head's model is now. Default: the name that it had; another model is refused.",
    ),
]
Test = Annotated[
    str | None,
    typer.Option(
        "--test",
        envvar="VECSMITH_TEST",
        metavar="FILE",
        help="Labelled rows with the same columns, to report on. Default: a part of the input is held out.",
    ),
]
Holdout = Annotated[
    float,
    typer.Option(
        "--holdout",
        envvar="VECSMITH_HOLDOUT",
        metavar="SHARE",
        help="The share of each label's rows that is held out for the report; 0 for no report. What is saved is "
        "fitted on all rows.",
    ),
]
Strength = Annotated[
    float | None,
    typer.Option(
        "--c",
        envvar="VECSMITH_C",
        metavar="NUMBER",
        help="How freely the regression may follow the examples. Default: chosen by cross-validation where that is "
        "quick, else 30.",
    ),
]
Balanced = Annotated[
    bool,
    typer.Option(
        "--balanced", envvar="VECSMITH_BALANCED", help="Let all labels weigh the same, however many rows they have."
    ),
]
UnsureBelow = Annotated[
    float | None,
    typer.Option(
        "--unsure-below",
        envvar="VECSMITH_UNSURE_BELOW",
        metavar="P",
        help="Mark labels of a lower probability as unsure; 0 for none. Default: 0.5, or what the head was saved with.",
    ),
]
UnsureMargin = Annotated[
    float | None,
    typer.Option(
        "--unsure-margin",
        envvar="VECSMITH_UNSURE_MARGIN",
        metavar="P",
        help="And those that are not so much more probable than the second; 0 for none. Default: 0.2, or as above.",
    ),
]
Picture = Annotated[
    Path | None,
    typer.Option(
        "--picture", envvar="VECSMITH_PICTURE", metavar="FILE.png", help="Draw the report's confusion matrix."
    ),
]
Temperature = Annotated[
    float,
    typer.Option(
        "--temperature",
        envvar="VECSMITH_TEMPERATURE",
        metavar="NUMBER",
        help="Cosines are divided by it before they become probabilities; less is surer.",
    ),
]
Template = Annotated[
    str,
    typer.Option(
        "--template",
        envvar="VECSMITH_TEMPLATE",
        metavar="TEXT",
        help="What is said of a label, {} being its words or description, such as 'This is about {}.'",
    ),
]
Top = Annotated[
    int,
    typer.Option("--top", envvar="VECSMITH_TOP", metavar="N", min=0, help="How many labels to list for each text."),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        envvar="VECSMITH_OUTPUT",
        metavar="FILE",
        help="Write the predictions to a file, which appears when it is complete. Default: stdout.",
    ),
]
