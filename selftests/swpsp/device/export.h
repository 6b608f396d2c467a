/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files that clients of a real platform download from the vendor.
 */
#ifndef SWPSP_EXPORT_H
#define SWPSP_EXPORT_H

#include <stdbool.h>

#include "swpsp.h"

/**
 * export_files() - write what the simulated vendor publishes about a platform
 * @psp: platform
 * @dir: directory, made if missing
 * @product: the platform's, for the names of files
 * @snp: the files of SNP, too
 *
 * Return: whether it worked; if not, a message has been printed.
 */
bool export_files(struct swpsp *psp, const char *dir, enum swpsp_product product, bool snp);

#endif /* SWPSP_EXPORT_H */
