/* What the shop offers: writes the page for a path and returns its status. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *version(void) {
    const char *text = getenv("VERSION");
    return text ? text : "unversioned";
}

static const char *payments(void) {
    const char *text = getenv("PAYMENTS");
    return text ? text : "sandbox";
}

static int offer(const char *path, char *page, size_t size) {
    if (strcmp(path, "/") == 0) {
        snprintf(page, size, "Storefront %s\nTea, cups, and a good kettle.\n", version());
        return 200;
    }

    if (strcmp(path, "/checkout") == 0) {
        snprintf(page, size, "Pay here (%s).\n", payments());
        return 200;
    }

    snprintf(page, size, "There is no such page.\n");
    return 404;
}
