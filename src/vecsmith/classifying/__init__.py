"""Texts to labels: learnt from labelled examples, or from what the labels say."""

from vecsmith.classifying.classifier import Classifier
from vecsmith.classifying.labels import Label
from vecsmith.classifying.predictions import Predictions, Unsure
from vecsmith.classifying.report import Confused, Report

__all__ = ["Classifier", "Confused", "Label", "Predictions", "Report", "Unsure"]
