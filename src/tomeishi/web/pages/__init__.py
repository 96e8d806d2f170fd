"""The pages that people work with: each reads the request, calls one verb, and hands a context to its template."""
