// Supabase's client, which calls the function `embed`; Node 20 has no WebSocket of its own.
import { createClient } from "@supabase/supabase-js";
import ws from "ws";

const connect = (address, key) => createClient(address, key, { realtime: { transport: ws }, auth: { persistSession: false } });

async function embed(client, model, input, said) {
  const { data, error } = await client.functions.invoke("embed", { body: { input, model, ...said } });
  if (error) throw Object.assign(error, { status: error.context.status, said: await error.context.text() });
  return typeof input === "string" ? [data.embedding] : data.embedding;
}

export const CLIENTS = {
  "supabase-js functions.invoke": {
    package: "@supabase/supabase-js",
    model: "nomic-embed-text",
    connect,
    embed,
    wishes: {
      dimensions: [{ dimensions: 128 }, "cut"],
      "a query": [{ task: "query" }, "query"],
      "not of unit length": [{ normalize: false }, "raw"],
    },
    refused: { key: ["FunctionsHttpError", "401"], model: ["FunctionsHttpError", "404", "--alias"] },
  },
};
