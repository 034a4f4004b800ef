"""The contract as an artefact: topics, JSON Schemas and the AsyncAPI document, made from what validates."""
