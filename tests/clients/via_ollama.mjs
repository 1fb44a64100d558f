// Ollama's client, by its new call and its old one; it asks once.
import { Ollama } from "ollama";

const at = (base) => (address, key) => new Ollama({ host: address + base, headers: { authorization: `Bearer ${key}` } });

async function embed(client, model, input, said) {
  return (await client.embed({ model, input, ...said })).embeddings;
}

function embedOld(client, model, texts) {
  const each = async (prompt) => (await client.embeddings({ model, prompt })).embedding;
  return Promise.all([texts].flat().map(each));
}

async function models(client) {
  return (await client.list()).models.map((model) => model.name);
}

const common = { package: "ollama", model: "nomic-embed-text" };
const refused = { key: ["ResponseError", "401"], model: ["ResponseError", "--alias"] };
const wishes = { dimensions: [{ dimensions: 128 }, "cut"], "cut where too long": [{ truncate: true }, "long", "long"] };

export const CLIENTS = {
  "ollama (Node)": { ...common, connect: at("/ollama"), embed, models, refused, wishes },
  "ollama (Node) at the root": { ...common, connect: at(""), embed, models, refused, wishes },
  "ollama (Node), one at a time": {
    ...common,
    connect: at(""),
    embed: embedOld,
    plain: "raw",
    refused: { ...refused, long: ["ResponseError", "400"] },
  },
};
