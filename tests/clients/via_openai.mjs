// OpenAI's client, and Azure's in the same package.
import OpenAI, { AzureOpenAI } from "openai";

const at = (base) => (address, apiKey, maxRetries) => new OpenAI({ baseURL: address + base, apiKey, maxRetries });
const azure = (endpoint, apiKey, maxRetries) =>
  new AzureOpenAI({ endpoint, apiKey, apiVersion: "2024-10-21", maxRetries });

async function embed(client, model, input, said) {
  const answer = await client.embeddings.create({ model, input, ...said });
  return answer.data.map((item) => numbers(item.embedding));
}

// Whoever asks this client for base64 gets it as it came.
function numbers(vector) {
  if (typeof vector !== "string") return vector;
  const raw = Buffer.from(vector, "base64");
  return [...new Float32Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.length))];
}

async function models(client) {
  const names = [];
  for await (const model of client.models.list()) names.push(model.id);
  return names;
}

const wishes = {
  float: [{ encoding_format: "float" }, "plain"],
  base64: [{ encoding_format: "base64" }, "plain"],
  dimensions: [{ dimensions: 128 }, "cut"],
  "token ids": [{}, "plain", "ids"],
  "a query": [{ task: "query" }, "query"],
};
const refused = {
  key: ["AuthenticationError", "401"],
  model: ["NotFoundError", "--alias"],
  long: ["BadRequestError", "token"],
};
const common = { package: "openai", model: "text-embedding-3-small", embed, wishes, refused };

export const CLIENTS = {
  "openai (Node)": { ...common, connect: at("/openai/v1"), models, retries: 4 },
  "openai (Node) at the root": { ...common, connect: at("/v1"), models },
  "azure (Node)": { ...common, connect: azure },
};
