#ifndef PLAIN_LOOP_H
#define PLAIN_LOOP_H

/// The odds-grid e-process as a plain loop: what the library's time is compared with.
enum { PLAIN_GRID = 129, PLAIN_REACH = 64 };

struct plain_stream {
    double log_likelihood[PLAIN_GRID];
    double harm[PLAIN_REACH];
    double certificate;
};

struct plain_terms {
    double ratio[PLAIN_GRID];
    double terms[PLAIN_GRID];
};

void plain_begin(struct plain_stream *stream);
void plain_begin_terms(struct plain_terms *terms);

/// The terms of one share: once an interval, for all its streams.
void plain_share(struct plain_terms *terms, double share);

/// Adds one interval to one stream.
void plain_update(
    struct plain_stream *stream, const struct plain_terms *terms, double share, double canary_events, double events,
    double dispersion, double cap, double certified_ratio);

/// Evidence of harm, and of safety at a certificate with `below` places of the grid below it.
double plain_harm(const struct plain_stream *stream);
double plain_safety(const struct plain_stream *stream, int below);

/// How often this thread asked for memory so far: malloc, calloc, realloc and the aligned ones.
long plain_allocations(void);

#endif
