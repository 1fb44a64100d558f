// Google's client for Gemini; it asks once.
import { GoogleGenAI } from "@google/genai";

const at = (base) => (address, apiKey) => new GoogleGenAI({ apiKey, httpOptions: { baseUrl: address + base } });

async function embed(client, model, contents, config) {
  const answer = await client.models.embedContent({ model, contents, config });
  return answer.embeddings.map((one) => one.values);
}

async function models(client) {
  const names = [];
  for await (const model of await client.models.list()) names.push(model.name);
  return names;
}

const common = {
  package: "@google/genai",
  model: "gemini-embedding-001",
  embed,
  models,
  wishes: {
    dimensions: [{ outputDimensionality: 128 }, "cut"],
    "a query": [{ taskType: "RETRIEVAL_QUERY" }, "query"],
    "a document": [{ taskType: "RETRIEVAL_DOCUMENT" }, "document"],
  },
  refused: { key: ["ApiError", "400", "API_KEY_INVALID"], model: ["ApiError", "404", "--alias"] },
};

export const CLIENTS = {
  "google-genai (Node)": { ...common, connect: at("") },
  "google-genai (Node) below /gemini": { ...common, connect: at("/gemini") },
};
