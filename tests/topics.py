"""Texts of our own with labels: a few words of a topic, and a number."""

import numpy as np

TOPICS = {
    "garden": ("roses", "soil", "hedge", "seeds", "lawn", "spade"),
    "kitchen": ("oven", "soup", "knife", "flour", "stove", "salt"),
    "travel": ("train", "ticket", "harbour", "luggage", "ferry", "hotel"),
}


def texts_of(topic, count, seed=0):
    chance = np.random.default_rng(seed)
    return [" ".join(chance.choice(TOPICS[topic], 3)) + f" number {n}" for n in range(count)]


def examples(count=12, topics=tuple(TOPICS), seed=0):
    texts = [text for topic in topics for text in texts_of(topic, count, seed)]
    return texts, [topic for topic in topics for _ in range(count)]
