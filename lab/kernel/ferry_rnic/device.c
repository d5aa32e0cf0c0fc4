// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver and its devices: how they come and go, are opened and closed, and
 * what is chosen of them through sysfs, in the folder rnic of each. An option
 * is fixed while its device is open.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/mdev.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "rnic.h"

#define RNIC_NAME		"ferry_rnic"
#define RNIC_MAX_DEVICES	16
#define RNIC_MAX_RATE		BIT_ULL(40)
#define RNIC_MAX_LOG_RANGES	256

/* In the order of enum rnic_defect. */
static const char * const rnic_defects[RNIC_DEFECTS] = {
	"none",
	"log-misses",
	"log-forgets-rest",
	"log-keeps",
	"log-adds",
	"stop-writes",
	"stop-signals",
	"p2p-writes",
	"accepts-altered",
	"accepts-cut",
	"load-ignored",
	"size-wrong",
	"pre-copy-endless",
	"arc-fails",
	"reset-keeps-file",
	"reset-keeps-state",
};

struct rnic_attribute {
	struct device_attribute attr;
	enum rnic_option option;
	u64 min, max, multiple;
	u64 initial;
};

static ssize_t rnic_option_show(struct device *device, struct device_attribute *attr,
				char *text)
{
	struct rnic *dev = dev_get_drvdata(device);
	struct rnic_attribute *which =
		container_of(attr, struct rnic_attribute, attr);

	return sysfs_emit(text, "%llu\n", READ_ONCE(dev->options[which->option]));
}

static ssize_t rnic_option_store(struct device *device, struct device_attribute *attr,
				 const char *text, size_t length)
{
	struct rnic *dev = dev_get_drvdata(device);
	struct rnic_attribute *which =
		container_of(attr, struct rnic_attribute, attr);
	u64 value;
	int ret = kstrtou64(text, 0, &value);

	if (ret)
		return ret;
	if (value < which->min || value > which->max || value % which->multiple)
		return -EINVAL;
	mutex_lock(&dev->lock);
	if (dev->open)
		ret = -EBUSY;
	else
		WRITE_ONCE(dev->options[which->option], value);
	mutex_unlock(&dev->lock);
	return ret ?: length;
}

#define RNIC_ATTRIBUTE(_name, _option, _min, _max, _multiple, _initial)	\
	static struct rnic_attribute rnic_attr_##_name = {		\
		.attr = __ATTR(_name, 0644, rnic_option_show,		\
			       rnic_option_store),			\
		.option = _option,					\
		.min = _min,						\
		.max = _max,						\
		.multiple = _multiple,					\
		.initial = _initial,					\
	}

RNIC_ATTRIBUTE(message_bytes, RNIC_MESSAGE_BYTES, RNIC_HEADER_BYTES,
	       RNIC_MAX_MESSAGE, RNIC_HEADER_BYTES, 4096);
RNIC_ATTRIBUTE(rate_bytes, RNIC_RATE_BYTES, 0, RNIC_MAX_RATE, 1, 0);
RNIC_ATTRIBUTE(state_bytes, RNIC_STATE_BYTES, 0, RNIC_MAX_STATE,
	       RNIC_LINE_BYTES, SZ_256K);
RNIC_ATTRIBUTE(p2p, RNIC_P2P, 0, 1, 1, 1);
RNIC_ATTRIBUTE(pre_copy, RNIC_PRE_COPY, 0, 1, 1, 1);
RNIC_ATTRIBUTE(log, RNIC_LOG, 0, 1, 1, 1);
RNIC_ATTRIBUTE(log_page_sizes, RNIC_LOG_PAGE_SIZES, SZ_4K, U32_MAX, SZ_4K,
	       SZ_4K | SZ_64K | SZ_2M);
RNIC_ATTRIBUTE(log_ranges, RNIC_LOG_RANGES, 1, RNIC_MAX_LOG_RANGES, 1,
	       RNIC_MAX_LOG_RANGES);

static struct rnic_attribute * const rnic_options[RNIC_OPTIONS] = {
	&rnic_attr_message_bytes,
	&rnic_attr_rate_bytes,
	&rnic_attr_state_bytes,
	&rnic_attr_p2p,
	&rnic_attr_pre_copy,
	&rnic_attr_log,
	&rnic_attr_log_page_sizes,
	&rnic_attr_log_ranges,
};

static ssize_t defect_show(struct device *device, struct device_attribute *attr,
			   char *text)
{
	struct rnic *dev = dev_get_drvdata(device);
	enum rnic_defect defect = READ_ONCE(dev->defect);
	int length = 0, i;

	for (i = 0; i < RNIC_DEFECTS; i++)
		length += sysfs_emit_at(text, length, i == defect ? "[%s]%c" :
					"%s%c", rnic_defects[i],
					i + 1 < RNIC_DEFECTS ? ' ' : '\n');
	return length;
}

static ssize_t defect_store(struct device *device, struct device_attribute *attr,
			    const char *text, size_t length)
{
	struct rnic *dev = dev_get_drvdata(device);
	int defect = sysfs_match_string(rnic_defects, text);
	int ret = 0;

	if (defect < 0)
		return defect;
	mutex_lock(&dev->lock);
	if (dev->open)
		ret = -EBUSY;
	else
		WRITE_ONCE(dev->defect, defect);
	mutex_unlock(&dev->lock);
	return ret ?: length;
}
static DEVICE_ATTR_RW(defect);

static struct attribute *rnic_attributes[] = {
	&rnic_attr_message_bytes.attr.attr,
	&rnic_attr_rate_bytes.attr.attr,
	&rnic_attr_state_bytes.attr.attr,
	&rnic_attr_p2p.attr.attr,
	&rnic_attr_pre_copy.attr.attr,
	&rnic_attr_log.attr.attr,
	&rnic_attr_log_page_sizes.attr.attr,
	&rnic_attr_log_ranges.attr.attr,
	&dev_attr_defect.attr,
	NULL
};

static const struct attribute_group rnic_group = {
	.name = "rnic",
	.attrs = rnic_attributes,
};

static const struct attribute_group *rnic_groups[] = { &rnic_group, NULL };

int rnic_init(struct vfio_device *vdev)
{
	struct rnic *dev = to_rnic(vdev);
	int i;

	mutex_init(&dev->log_lock);
	mutex_init(&dev->lock);
	init_waitqueue_head(&dev->wait);
	for (i = 0; i < RNIC_OPTIONS; i++)
		dev->options[i] = rnic_options[i]->initial;
	dev->state = VFIO_DEVICE_STATE_RUNNING;
	dev->own_seed = get_random_u64();
	dev->mapped = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!dev->mapped)
		return -ENOMEM;
	vdev->mig_ops = &rnic_migration_ops;
	vdev->log_ops = &rnic_log_ops;
	vdev->migration_flags = VFIO_MIGRATION_STOP_COPY;
	return 0;
}

void rnic_release(struct vfio_device *vdev)
{
	struct rnic *dev = to_rnic(vdev);

	put_page(dev->mapped);
	mutex_destroy(&dev->lock);
	mutex_destroy(&dev->log_lock);
}

/* What cannot be asked for while the device is closed may change meanwhile. */
static void rnic_apply_options(struct rnic *dev)
{
	struct vfio_device *vdev = &dev->vdev;

	vdev->migration_flags = VFIO_MIGRATION_STOP_COPY;
	if (dev->options[RNIC_P2P])
		vdev->migration_flags |= VFIO_MIGRATION_P2P;
	if (dev->options[RNIC_PRE_COPY])
		vdev->migration_flags |= VFIO_MIGRATION_PRE_COPY;
	vdev->log_ops = dev->options[RNIC_LOG] ? &rnic_log_ops : NULL;
}

static int rnic_begin(struct rnic *dev)
{
	rnic_apply_options(dev);
	dev->message = kvzalloc(dev->options[RNIC_MESSAGE_BYTES], GFP_KERNEL);
	dev->lines = kvzalloc(dev->options[RNIC_STATE_BYTES] ?: 1, GFP_KERNEL);
	if (!dev->message || !dev->lines)
		return -ENOMEM;
	dev->state = VFIO_DEVICE_STATE_RUNNING;
	dev->seed = dev->own_seed;
	rnic_init_config(dev);
	rnic_forget(dev);
	dev->worker = kthread_run(rnic_work, dev, RNIC_NAME);
	return PTR_ERR_OR_ZERO(dev->worker);
}

static void rnic_end(struct rnic *dev)
{
	rnic_close_file(dev);
	rnic_log_end(dev);
	if (dev->interrupt)
		eventfd_ctx_put(dev->interrupt);
	dev->interrupt = NULL;
	kvfree(dev->lines);
	kvfree(dev->message);
	dev->lines = NULL;
	dev->message = NULL;
	dev->worker = NULL;
	dev->open = false;
}

int rnic_open(struct vfio_device *vdev)
{
	struct rnic *dev = to_rnic(vdev);
	int ret;

	mutex_lock(&dev->lock);
	dev->open = true;
	ret = rnic_begin(dev);
	if (ret)
		rnic_end(dev);
	mutex_unlock(&dev->lock);
	return ret;
}

void rnic_close(struct vfio_device *vdev)
{
	struct rnic *dev = to_rnic(vdev);

	/* The thread takes the lock, so it is not held here. */
	kthread_stop(dev->worker);
	mutex_lock(&dev->lock);
	rnic_end(dev);
	mutex_unlock(&dev->lock);
}

static int rnic_probe(struct mdev_device *mdev)
{
	struct rnic *dev;
	int ret;

	dev = vfio_alloc_device(rnic, vdev, &mdev->dev, &rnic_vfio_ops);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	dev_set_drvdata(&mdev->dev, dev);
	ret = vfio_register_emulated_iommu_dev(&dev->vdev);
	if (ret)
		vfio_put_device(&dev->vdev);
	return ret;
}

static void rnic_remove(struct mdev_device *mdev)
{
	struct rnic *dev = dev_get_drvdata(&mdev->dev);

	vfio_unregister_group_dev(&dev->vdev);
	vfio_put_device(&dev->vdev);
}

static struct mdev_driver rnic_driver = {
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.max_instances = RNIC_MAX_DEVICES,
	.driver = {
		.name = RNIC_NAME,
		.owner = THIS_MODULE,
		.mod_name = KBUILD_MODNAME,
		.dev_groups = rnic_groups,
	},
	.probe = rnic_probe,
	.remove = rnic_remove,
};

static struct mdev_type rnic_type = {
	.sysfs_name = "1",
	.pretty_name = "Test NIC",
};

static struct mdev_type *rnic_types[] = { &rnic_type };
static struct mdev_parent rnic_mdev_parent;

static const struct class rnic_class = {
	.name = RNIC_NAME,
};

/* Built in, so it is never taken away again. */
static int __init rnic_module_init(void)
{
	struct device *parent;
	int ret;

	ret = class_register(&rnic_class);
	if (ret)
		return ret;
	ret = mdev_register_driver(&rnic_driver);
	if (ret)
		goto unregister_class;
	parent = device_create(&rnic_class, NULL, MKDEV(0, 0), NULL, RNIC_NAME);
	if (IS_ERR(parent)) {
		ret = PTR_ERR(parent);
		goto unregister_driver;
	}
	ret = mdev_register_parent(&rnic_mdev_parent, parent, &rnic_driver,
				   rnic_types, ARRAY_SIZE(rnic_types));
	if (!ret)
		return 0;
	device_unregister(parent);
unregister_driver:
	mdev_unregister_driver(&rnic_driver);
unregister_class:
	class_unregister(&rnic_class);
	return ret;
}
module_init(rnic_module_init);

MODULE_IMPORT_NS(IOMMUFD);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test device with DMA, a DMA log and migration");
